// context.h: what every platform's objects that run programs share: `run`, registers, floating-point state, interruption.
#ifndef HV_NAPI_CONTEXT_H_
#define HV_NAPI_CONTEXT_H_

#include <napi.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "arch/tracee.h"
#include "napi/guard.h"
#include "napi/watcher.h"

namespace hv {

// The context that `run` runs; none once it is disposed of.
template <typename Context>
struct RunTarget {
  Context* context = nullptr;
};

// run(): runs on the calling thread until the next trap, which the record tells (`stopped`). The trap path: a function that knows
// its context spares each call the look-up of its object, and it returns nothing that would have to be made.
template <typename Context>
Napi::Value RunFunction(Napi::Env env, std::shared_ptr<RunTarget<Context>> target) {
  using Holder = std::shared_ptr<RunTarget<Context>>;
  auto run = [](napi_env run_env, napi_callback_info info) -> napi_value {
    void* data = nullptr;
    // SAFETY: the call's own env and info; without `data` there is no holder, and then napi says so.
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
  // SAFETY: the function owns the holder, and gives it up when it is collected.
  auto* holder = new Holder(std::move(target));
  napi_value function;
  NAPI_THROW_IF_FAILED(env,
                       napi_create_function(env, "run", NAPI_AUTO_LENGTH, run, holder, &function),
                       Napi::Value());
  NAPI_THROW_IF_FAILED(env, napi_add_finalizer(env, function, holder, release, nullptr, nullptr),
                       Napi::Value());
  return Napi::Value(env, function);
}

inline Napi::Value ToUint8Array(Napi::Env env, const std::vector<uint8_t>& bytes) {
  Napi::Uint8Array out = Napi::Uint8Array::New(env, bytes.size());
  std::copy(bytes.begin(), bytes.end(), out.Data());
  return out;
}

inline std::vector<uint32_t> ToWords(const Napi::Value& value) {
  Napi::Uint32Array array = value.As<Napi::Uint32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

inline std::vector<uint8_t> ToBytes(const Napi::Value& value) {
  Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.Data() + array.ByteLength()};
}

// `Object`: the class that derives from this one. A platform's context has the methods that are called here.
template <typename Object, typename Context>
class ContextObjectBase : public Napi::ObjectWrap<Object> {
 protected:
  using Method = Napi::ClassPropertyDescriptor<Object>;

  explicit ContextObjectBase(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Object>(info) {
    Guard(info.Env(), [&] { this->Value().Set("run", RunFunction<Context>(info.Env(), target_)); });
  }

  // The methods of every context, and the platform's own.
  static std::vector<Method> Methods(std::initializer_list<Method> own) {
    std::vector<Method> methods = {
        Object::InstanceMethod("becomeTarget", &ContextObjectBase::BecomeTarget),
        Object::InstanceMethod("readRegisters", &ContextObjectBase::ReadRegisters),
        Object::InstanceMethod("writeRegisters", &ContextObjectBase::WriteRegisters),
        Object::InstanceMethod("writeResult", &ContextObjectBase::WriteResult),
        Object::InstanceMethod("readFpState", &ContextObjectBase::ReadFpState),
        Object::InstanceMethod("writeFpState", &ContextObjectBase::WriteFpState),
        Object::InstanceMethod("dispose", &ContextObjectBase::Dispose)};
    methods.insert(methods.end(), own);
    return methods;
  }

  void Own(std::unique_ptr<Context> context, std::shared_ptr<Watcher> watcher) {
    context_ = std::move(context);
    watcher_ = std::move(watcher);
    target_->context = context_.get();
  }

  // Frees the context, which was stopped before: nothing runs or interrupts it from here on. The destructor of `Object` calls it, too:
  // the context may use that class's members.
  void Free() {
    if (context_ == nullptr) return;
    target_->context = nullptr;
    watcher_->ClearTarget(this);
    context_.reset();
    watcher_.reset();
  }

  Context& Get() const {
    if (context_ == nullptr) throw std::invalid_argument("the context is disposed");
    return *context_;
  }

  std::unique_ptr<Context> context_;
  std::shared_ptr<Watcher> watcher_;

 private:
  // Makes the context that `run` runs the one that the watcher interrupts.
  void BecomeTarget(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { watcher_->SetTarget(this, [context = &Get()] { context->Kick(); }); });
  }

  // Throws std::out_of_range for an array that is too short.
  void ReadRegisters(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      const UserRegisters& registers = Get().ReadRegisters();
      std::copy(registers.begin(), registers.end(), Registers(info[0]).Data());
    });
  }

  void WriteRegisters(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      Napi::BigUint64Array in = Registers(info[0]);
      UserRegisters registers;
      std::copy(in.Data(), in.Data() + registers.size(), registers.begin());
      Get().WriteRegisters(registers);
    });
  }

  void WriteResult(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get().WriteResult(info[0].ToNumber().Int64Value()); });
  }

  Napi::Value ReadFpState(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return ToUint8Array(info.Env(), Get().ReadFpState()); });
  }

  void WriteFpState(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get().WriteFpState(ToBytes(info[0])); });
  }

  void Dispose(const Napi::CallbackInfo&) { Free(); }

  static Napi::BigUint64Array Registers(const Napi::Value& value) {
    Napi::BigUint64Array array = value.As<Napi::BigUint64Array>();
    if (array.ElementLength() < kUserRegisters) throw std::out_of_range("registers");
    return array;
  }

  std::shared_ptr<RunTarget<Context>> target_ = std::make_shared<RunTarget<Context>>();
};

}  // namespace hv

#endif  // HV_NAPI_CONTEXT_H_
