// user_vm.cc: the KVM platform's objects for JavaScript: UserVm, Space and Context. src/platform/kvm/addon.ts has their types.

#include "kvm/user_vm.h"

#include <sys/auxv.h>

#include "kvm/runner.h"
#include "napi/context.h"
#include "napi/exports.h"
#include "napi/guard.h"
#include "napi/region_buffer.h"
#include "napi/size.h"
#include "napi/watcher.h"

namespace hv {
namespace {

class UserVmObject : public Napi::ObjectWrap<UserVmObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "UserVm",
                       {InstanceAccessor<&UserVmObject::Memory>("memory"),
                        InstanceAccessor<&UserVmObject::Supervisor>("supervisor"),
                        InstanceMethod<&UserVmObject::Release>("release"),
                        InstanceMethod<&UserVmObject::Dispose>("dispose")});
  }

  explicit UserVmObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<UserVmObject>(info) {
    Guard(info.Env(), [&] {
      vm_ = std::make_shared<UserVm>(ToSize(info[0]));
      memory_ = RegionBuffer(info.Env(), vm_->vm()->region(0));
      supervisor_ = RegionBuffer(info.Env(), vm_->vm()->region(1));
    });
  }

  // Throws when it was disposed.
  std::shared_ptr<UserVm> Get() const {
    if (vm_ == nullptr) throw std::invalid_argument("the VM is disposed");
    return vm_;
  }

 private:
  Napi::Value Memory(const Napi::CallbackInfo& info) { return memory_.Value(info.Env()); }
  Napi::Value Supervisor(const Napi::CallbackInfo& info) { return supervisor_.Value(info.Env()); }

  void Release(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get()->memory().Release(ToSize(info[0]), ToSize(info[1])); });
  }

  void Dispose(const Napi::CallbackInfo&) {
    memory_.Detach();
    supervisor_.Detach();
    vm_.reset();
  }

  std::shared_ptr<UserVm> vm_;
  RegionBuffer memory_;
  RegionBuffer supervisor_;
};

class SpaceObject : public Napi::ObjectWrap<SpaceObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Space",
                       {InstanceMethod<&SpaceObject::Set>("set"),
                        InstanceMethod<&SpaceObject::Dispose>("dispose")});
  }

  explicit SpaceObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SpaceObject>(info) {
    Guard(info.Env(), [&] {
      space_ = std::make_shared<Space>(UserVmObject::Unwrap(info[0].As<Napi::Object>())->Get());
    });
  }

  std::shared_ptr<Space> Get() const {
    if (space_ == nullptr) throw std::invalid_argument("the address space is disposed");
    return space_;
  }

 private:
  void Set(const Napi::CallbackInfo& info) {
    Guard(info.Env(),
          [&] { Get()->Set(ToSize(info[0]), ToSize(info[1]), ToSize(info[2]), ToSize(info[3])); });
  }

  void Dispose(const Napi::CallbackInfo&) { space_.reset(); }

  std::shared_ptr<Space> space_;
};

class ContextObject : public ContextObjectBase<ContextObject, Context> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Context",
                       Methods({InstanceAccessor<&ContextObject::FrameOffset>("frameOffset"),
                                InstanceAccessor<&ContextObject::HasHostCycles>("hasHostCycles"),
                                InstanceAccessor<&ContextObject::RecordOffset>("recordOffset"),
                                InstanceMethod<&ContextObject::StartRunner>("startRunner"),
                                InstanceMethod<&ContextObject::StopRunner>("stopRunner"),
                                InstanceMethod<&ContextObject::Post>("post"),
                                InstanceMethod<&ContextObject::Halt>("halt"),
                                InstanceMethod<&ContextObject::SetSpace>("setSpace"),
                                InstanceMethod<&ContextObject::Dispose>("dispose")}));
  }

  explicit ContextObject(const Napi::CallbackInfo& info) : ContextObjectBase(info) {
    Guard(info.Env(), [&] {
      vm_ = UserVmObject::Unwrap(info[0].As<Napi::Object>())->Get();
      index_ = vm_->TakeIndex();
      Own(std::make_unique<Context>(vm_->vm(), vm_->pages(), vm_->shim(), index_),
          UnwrapWatcher(info[1]));
    });
  }

  ~ContextObject() override { Free(); }

 private:
  Runner& runner() const {
    if (runner_ == nullptr) throw std::invalid_argument("the context has no thread");
    return *runner_;
  }

  Napi::Value HasHostCycles(const Napi::CallbackInfo& info) {
    return Guard(info.Env(),
                 [&] { return Napi::Boolean::New(info.Env(), Get().has_host_cycles()); });
  }

  Napi::Value FrameOffset(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return Napi::Number::New(info.Env(), Get().frame_page()); });
  }
  Napi::Value RecordOffset(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return Napi::Number::New(info.Env(), Get().record_page()); });
  }

  // From here the context has a thread of its own; `run` is not to be called.
  void StartRunner(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      runner_ = std::make_unique<Runner>(Get(), [watcher = watcher_] { watcher->RingIfAsleep(); });
    });
  }

  // Halts it first.
  void StopRunner(const Napi::CallbackInfo&) { runner_.reset(); }

  void Post(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { runner().Post(); });
  }

  void Halt(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { runner().Halt(); });
  }

  void SetSpace(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      std::shared_ptr<Space> space = SpaceObject::Unwrap(info[0].As<Napi::Object>())->Get();
      if (space_ != nullptr && space_ != space) space_->Leave(Get());
      space_ = space;
      space->Enter(Get());
    });
  }

  void Dispose(const Napi::CallbackInfo&) { Free(); }

  void Free() {
    if (context_ == nullptr) return;
    Retire();
    runner_.reset();
    if (space_ != nullptr) space_->Leave(*context_);
    context_.reset();
    space_.reset();
    watcher_.reset();
    vm_->ReturnIndex(index_);
    vm_.reset();
  }

  std::shared_ptr<UserVm> vm_;
  std::shared_ptr<Space> space_;
  std::unique_ptr<Runner> runner_;
  unsigned index_ = 0;
};

}  // namespace

void ExportUserVm(Napi::Env env, Napi::Object exports) {
  exports.Set("UserVm", UserVmObject::Define(env));
  exports.Set("Space", SpaceObject::Define(env));
  exports.Set("Context", ContextObject::Define(env));
  exports.Set("hwcap", Napi::BigInt::New(env, uint64_t{::getauxval(AT_HWCAP)}));
  exports.Set("hwcap2", Napi::BigInt::New(env, uint64_t{::getauxval(AT_HWCAP2)}));
  exports.Set("userTop", Napi::Number::New(env, static_cast<double>(HV_USER_TOP)));
}

}  // namespace hv
