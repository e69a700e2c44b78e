// context.h: what the objects of contexts, of every platform, share: `run`, and arrays of registers.
#ifndef HV_NAPI_CONTEXT_H_
#define HV_NAPI_CONTEXT_H_

#include <napi.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "napi/guard.h"

namespace hv {

// What `run` runs; none once the context is disposed of.
template <typename Context>
struct RunTarget {
  Context* context = nullptr;
};

// run(): on the calling thread, until the next trap, which the record tells (`stopped`). The trap path: a function that knows
// its context spares each call the look-up of the object behind it, and returns nothing that would have to be made.
template <typename Context>
Napi::Value RunFunction(Napi::Env env, std::shared_ptr<RunTarget<Context>> target) {
  using Holder = std::shared_ptr<RunTarget<Context>>;
  auto run = [](napi_env run_env, napi_callback_info info) -> napi_value {
    void* data = nullptr;
    napi_get_cb_info(run_env, info, nullptr, nullptr, nullptr, &data);
    try {
      Guard(run_env, [&] {
        // SAFETY: the holder that was given to the function, which has it until it is collected.
        Context* context = (*static_cast<Holder*>(data))->context;
        if (context == nullptr) throw std::invalid_argument("the context is disposed");
        context->record().stopped = static_cast<uint32_t>(context->Run());
      });
    } catch (const Napi::Error& error) {
      error.ThrowAsJavaScriptException();
    }
    return nullptr;
  };
  auto release = [](napi_env, void* data, void*) { delete static_cast<Holder*>(data); };
  auto* holder = new Holder(std::move(target));
  napi_value function;
  NAPI_THROW_IF_FAILED(env,
                       napi_create_function(env, "run", NAPI_AUTO_LENGTH, run, holder, &function),
                       Napi::Value());
  NAPI_THROW_IF_FAILED(env, napi_add_finalizer(env, function, holder, release, nullptr, nullptr),
                       Napi::Value());
  return Napi::Value(env, function);
}

// Throws std::out_of_range for an array that is too short.
template <typename Registers>
void CopyRegisters(const Registers& registers, const Napi::Value& out) {
  Napi::BigUint64Array array = out.As<Napi::BigUint64Array>();
  if (array.ElementLength() < registers.size()) throw std::out_of_range("registers");
  std::copy(registers.begin(), registers.end(), array.Data());
}

template <typename Registers>
Registers ToRegisters(const Napi::Value& in) {
  Napi::BigUint64Array array = in.As<Napi::BigUint64Array>();
  Registers registers;
  if (array.ElementLength() < registers.size()) throw std::out_of_range("registers");
  std::copy(array.Data(), array.Data() + registers.size(), registers.begin());
  return registers;
}

inline Napi::Value ToUint8Array(Napi::Env env, const std::vector<uint8_t>& bytes) {
  Napi::Uint8Array out = Napi::Uint8Array::New(env, bytes.size());
  std::copy(bytes.begin(), bytes.end(), out.Data());
  return out;
}

}  // namespace hv

#endif  // HV_NAPI_CONTEXT_H_
