// user_vm.cc: the KVM platform's objects for JavaScript: UserVm, Space and Cpu. src/platform/kvm/addon.ts has their types.

#include "kvm/user_vm.h"

#include <sys/auxv.h>

#include "kvm/space.h"
#include "kvm/user_cpu.h"
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
                       {InstanceMethod<&UserVmObject::ShowMemory>("showMemory"),
                        InstanceMethod<&UserVmObject::ShowSupervisor>("showSupervisor"),
                        InstanceAccessor<&UserVmObject::SupervisorBytes>("supervisorBytes"),
                        InstanceAccessor<&UserVmObject::Cpus>("cpus"),
                        InstanceAccessor<&UserVmObject::StopsOffset>("stopsOffset"),
                        InstanceMethod<&UserVmObject::OpenGate>("openGate"),
                        InstanceMethod<&UserVmObject::Release>("release"),
                        InstanceMethod<&UserVmObject::Dispose>("dispose")});
  }

  explicit UserVmObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<UserVmObject>(info) {
    Guard(info.Env(), [&] {
      vm_ = std::make_shared<UserVm>(ToSize(info[0]), info[1].ToNumber().Uint32Value());
      memory_ = RegionBuffer(vm_->vm()->region(0));
      supervisor_ = RegionBuffer(vm_->vm()->region(1));
    });
  }

  // Throws when it was disposed.
  std::shared_ptr<UserVm> Get() const {
    if (vm_ == nullptr) throw std::invalid_argument("the VM is disposed");
    return vm_;
  }

 private:
  // showMemory(bytes), showSupervisor(bytes)
  Napi::Value ShowMemory(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return memory_.Show(info.Env(), ToSize(info[0])); });
  }
  Napi::Value ShowSupervisor(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return supervisor_.Show(info.Env(), ToSize(info[0])); });
  }
  Napi::Value SupervisorBytes(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      const size_t bytes = Get()->vm()->region(1)->mapping.size();
      return Napi::Number::New(info.Env(), static_cast<double>(bytes));
    });
  }

  Napi::Value Cpus(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return Napi::Number::New(info.Env(), Get()->cpus()); });
  }
  Napi::Value StopsOffset(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      return Napi::Number::New(info.Env(), static_cast<double>(Get()->stops_page()));
    });
  }

  Napi::Value OpenGate(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return Napi::Number::New(info.Env(), Get()->OpenGate()); });
  }

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
                       {InstanceMethod<&SpaceObject::Commit>("commit"),
                        InstanceMethod<&SpaceObject::CopyFrom>("copyFrom"),
                        InstanceMethod<&SpaceObject::Clear>("clear"),
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
  // commit(edits: Float64Array, count: number): four numbers per edit. False: memory for page tables ran out.
  Napi::Value Commit(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      Napi::Float64Array words = info[0].As<Napi::Float64Array>();
      size_t count = ToSize(info[1]);
      if (count > words.ElementLength() / kEditWords) throw std::out_of_range("edits");
      const double* word = words.Data();
      std::vector<Edit> edits;
      edits.reserve(count);
      for (; count > 0; count--, word += kEditWords) {
        edits.push_back({ToSize(word[0]), ToSize(word[1]), ToSize(word[2]), ToSize(word[3])});
      }
      return Napi::Boolean::New(info.Env(), Get()->Commit(edits));
    });
  }

  void CopyFrom(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get()->CopyFrom(*Unwrap(info[0].As<Napi::Object>())->Get()); });
  }

  void Clear(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get()->Clear(); });
  }

  void Dispose(const Napi::CallbackInfo&) { space_.reset(); }

  static constexpr size_t kEditWords = 4;

  std::shared_ptr<Space> space_;
};

class CpuObject : public ContextObjectBase<CpuObject, UserCpu> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Cpu",
        Methods({InstanceAccessor<&CpuObject::FrameOffset>("frameOffset"),
                 InstanceAccessor<&CpuObject::HasHostCycles>("hasHostCycles"),
                 InstanceAccessor<&CpuObject::RecordOffset>("recordOffset"),
                 InstanceMethod<&CpuObject::StartRunner>("startRunner"),
                 InstanceMethod<&CpuObject::Post>("post"), InstanceMethod<&CpuObject::Halt>("halt"),
                 InstanceMethod<&CpuObject::SetSpace>("setSpace")}));
  }

  explicit CpuObject(const Napi::CallbackInfo& info) : ContextObjectBase(info) {
    Guard(info.Env(), [&] {
      std::shared_ptr<UserVm> vm = UserVmObject::Unwrap(info[0].As<Napi::Object>())->Get();
      SupervisorPages::Spending spending(vm->pages());
      Own(std::make_unique<UserCpu>(vm, vm->TakeIndex()), UnwrapWatcher(info[1]));
    });
  }

  ~CpuObject() override { Free(); }

 private:
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

  // startRunner(looks: number): from here the Cpu has a thread of its own; while that runs it, `run` must not be called.
  void StartRunner(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      Get().StartRunner(info[0].ToNumber().Uint32Value(),
                        [watcher = watcher_] { return watcher->RingIfAsleep(); });
    });
  }

  void Post(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get().runner().Post(); });
  }

  void Halt(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get().runner().Halt(); });
  }

  void SetSpace(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get().Enter(SpaceObject::Unwrap(info[0].As<Napi::Object>())->Get()); });
  }
};

}  // namespace

void ExportUserVm(Napi::Env env, Napi::Object exports) {
  exports.Set("UserVm", UserVmObject::Define(env));
  exports.Set("Space", SpaceObject::Define(env));
  exports.Set("Cpu", CpuObject::Define(env));
  exports.Set("hwcap", Napi::BigInt::New(env, uint64_t{::getauxval(AT_HWCAP)}));
  exports.Set("hwcap2", Napi::BigInt::New(env, uint64_t{::getauxval(AT_HWCAP2)}));
  exports.Set("userTop", Napi::Number::New(env, static_cast<double>(HV_USER_TOP)));
}

}  // namespace hv
