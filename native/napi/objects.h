// objects.h: FromJs for the C++ classes of other files: the C++ object behind a JavaScript object. These functions throw
// std::invalid_argument when the object was disposed of.
#pragma once

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
