// vm_object.h: what other JavaScript objects need of a VM's.
#ifndef HV_NAPI_VM_OBJECT_H_
#define HV_NAPI_VM_OBJECT_H_

#include <napi.h>

#include <memory>

#include "kvm/vm.h"

namespace hv {

// The VM behind a `Vm` object. Throws when it was disposed.
std::shared_ptr<Vm> UnwrapVm(const Napi::Value& value);

}  // namespace hv

#endif  // HV_NAPI_VM_OBJECT_H_
