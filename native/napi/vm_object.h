// vm_object.h: what other JavaScript objects and functions need from those of a VM and a vCPU.
#ifndef HV_NAPI_VM_OBJECT_H_
#define HV_NAPI_VM_OBJECT_H_

#include <napi.h>

#include <memory>

#include "kvm/vcpu.h"
#include "sys/eventfd.h"

namespace hv {

// The VM behind a `Vm` object. Throws when it was disposed.
std::shared_ptr<Vm> UnwrapVm(const Napi::Value& value);
// The number of its next vCPU.
unsigned TakeVcpuId(const Napi::Value& value);

// The vCPU behind a `Vcpu` object, until JavaScript runs again. Throws while it runs, and when it was disposed.
Vcpu& UnwrapVcpu(const Napi::Value& value);

// The eventfd behind an `Eventfd` object, until JavaScript runs again. Throws when it was disposed.
const Eventfd& UnwrapEventfd(const Napi::Value& value);

}  // namespace hv

#endif  // HV_NAPI_VM_OBJECT_H_
