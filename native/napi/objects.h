// objects.h: what objects and functions of other files need from JavaScript's objects: the C++ object behind one. Throw
// std::invalid_argument when it was disposed of.
#ifndef HV_NAPI_OBJECTS_H_
#define HV_NAPI_OBJECTS_H_

#include <memory>

#include "kvm/vcpu.h"
#include "napi/bind.h"
#include "sys/eventfd.h"
#include "sys/watcher.h"

namespace hv {

template <>
std::shared_ptr<Watcher> FromJs(const Napi::Value& value);

template <>
std::shared_ptr<Vm> FromJs(const Napi::Value& value);
// The number of its next vCPU.
unsigned TakeVcpuId(const Napi::Value& value);

// Until JavaScript runs again. Also throws while it runs.
template <>
Vcpu& FromJs(const Napi::Value& value);

// Until JavaScript runs again.
template <>
Eventfd& FromJs(const Napi::Value& value);

}  // namespace hv

#endif  // HV_NAPI_OBJECTS_H_
