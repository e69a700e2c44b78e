// context.h: what every platform's objects that run programs share: `run`, registers, floating-point state, interruption.
#pragma once

#include <napi.h>

#include <initializer_list>
#include <utility>

#include "arch/tracee.h"
#include "napi/objects.h"

namespace hv {

// run(): runs on the calling thread until the next trap, which the record tells (`stopped`). The trap path: a function that knows
// its context spares each call the look-up of its object, and it returns nothing that would have to be made.
// `target`: none once the context is disposed of.
template <typename Context>
Napi::Value RunFunction(Napi::Env env, std::shared_ptr<Context*> target) {
  using Holder = std::shared_ptr<Context*>;
  auto run = [](napi_env run_env, napi_callback_info info) -> napi_value {
    void* data = nullptr;
    // SAFETY: the call's own env and info; without `data` there is no holder, and then napi says so.
    napi_get_cb_info(run_env, info, nullptr, nullptr, nullptr, &data);
    return CallRaw(run_env, [&]() -> Napi::Value {
      // SAFETY: the holder that was given to the function, which has it until it is collected.
      Context* context = **static_cast<Holder*>(data);
      if (context == nullptr) throw std::invalid_argument("the context is disposed");
      context->record().stopped = static_cast<uint32_t>(context->Run());
      return {};
    });
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

// `Object`: the class that derives from this one. A platform's context has the methods that are called here.
template <typename Object, typename Context>
class ContextObject : public BoundObject<Object> {
 public:
  // Throws std::invalid_argument when it was disposed of.
  Context& Callee() const {
    if (context_ == nullptr) throw std::invalid_argument("the context is disposed");
    return *context_;
  }

 protected:
  using Property = Napi::ClassPropertyDescriptor<Object>;

  explicit ContextObject(const Napi::CallbackInfo& info) : BoundObject<Object>(info) {
    Guard(info.Env(), [&] { this->Value().Set("run", RunFunction<Context>(info.Env(), target_)); });
  }

  // The methods of every context, and the platform's own.
  static std::vector<Property> Methods(std::initializer_list<Property> own) {
    std::vector<Property> methods = {
        Object::template Method<&ContextObject::BecomeTarget>("becomeTarget"),
        Object::template Method<ReadRegisters>("readRegisters"),
        Object::template Method<WriteRegisters>("writeRegisters"),
        Object::template Method<&Context::WriteResult>("writeResult"),
        Object::template Method<&Context::ReadFpState>("readFpState"),
        Object::template Method<&Context::WriteFpState>("writeFpState"),
        Object::template Method<&ContextObject::Free>("dispose")};
    methods.insert(methods.end(), own);
    return methods;
  }

  void Own(std::unique_ptr<Context> context, std::shared_ptr<Watcher> watcher) {
    context_ = std::move(context);
    watcher_ = std::move(watcher);
    *target_ = context_.get();
  }

  // Frees the context, which was stopped before: nothing runs or interrupts it from here on. The destructor of `Object` calls it, too:
  // the context may use that class's members.
  void Free() {
    if (context_ == nullptr) return;
    *target_ = nullptr;
    watcher_->ClearTarget(this);
    context_.reset();
    watcher_.reset();
  }

  std::unique_ptr<Context> context_;
  std::shared_ptr<Watcher> watcher_;

 private:
  // Makes the context that `run` runs the one that the watcher interrupts.
  void BecomeTarget() {
    Context& context = Callee();
    watcher_->SetTarget(this, [&context] { context.Kick(); });
  }

  // Throws std::out_of_range for an array that is too short.
  static void ReadRegisters(Context& context, Napi::BigUint64Array out) {
    const UserRegisters& registers = context.ReadRegisters();
    std::copy(registers.begin(), registers.end(), Checked(out).Data());
  }

  static void WriteRegisters(Context& context, Napi::BigUint64Array in) {
    UserRegisters registers;
    std::copy_n(Checked(in).Data(), registers.size(), registers.begin());
    context.WriteRegisters(registers);
  }

  static Napi::BigUint64Array& Checked(Napi::BigUint64Array& array) {
    if (array.ElementLength() < kUserRegisters) throw std::out_of_range("registers");
    return array;
  }

  // What `run` runs.
  std::shared_ptr<Context*> target_ = std::make_shared<Context*>(nullptr);
};

}  // namespace hv
