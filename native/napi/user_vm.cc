// user_vm.cc: the KVM platform's objects for JavaScript: UserVm, Space and Cpu. src/platform/kvm/addon.ts has their types.

#include "kvm/user_vm.h"

#include <sys/auxv.h>

#include "kvm/space.h"
#include "kvm/user_cpu.h"
#include "napi/context.h"
#include "napi/exports.h"
#include "napi/region_buffer.h"

namespace hv {
namespace {

class UserVmObject : public OwnerObject<UserVmObject, UserVm> {
 public:
  static constexpr const char* kName = "the VM";

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "UserVm",
        {InstanceMethod<&UserVmObject::ShowMemory>("showMemory"),
         InstanceMethod<&UserVmObject::ShowSupervisor>("showSupervisor"),
         Getter<SupervisorBytes>("supervisorBytes"), Getter<&UserVm::cpus>("cpus"),
         Getter<&UserVm::stops_page>("stopsOffset"), Method<&UserVm::OpenGate>("openGate"),
         Method<Release>("release"), InstanceMethod<&UserVmObject::Dispose>("dispose")});
  }

  explicit UserVmObject(const Napi::CallbackInfo& info) : OwnerObject(info) {
    Guard(info.Env(), [&] {
      owned_ = std::make_shared<UserVm>(ToSize(info[0]), info[1].ToNumber().Uint32Value());
      memory_ = RegionBuffer(owned_->vm()->region(0));
      supervisor_ = RegionBuffer(owned_->vm()->region(1));
    });
  }

 private:
  // showMemory(bytes), showSupervisor(bytes)
  Napi::Value ShowMemory(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return memory_.Show(info.Env(), ToSize(info[0])); });
  }
  Napi::Value ShowSupervisor(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return supervisor_.Show(info.Env(), ToSize(info[0])); });
  }

  static size_t SupervisorBytes(UserVm& vm) { return vm.vm()->region(1)->mapping.size(); }

  static void Release(UserVm& vm, uint64_t offset, uint64_t length) {
    vm.memory().Release(offset, length);
  }

  void Dispose(const Napi::CallbackInfo&) {
    memory_.Detach();
    supervisor_.Detach();
    owned_.reset();
  }

  RegionBuffer memory_;
  RegionBuffer supervisor_;
};

class SpaceObject : public OwnerObject<SpaceObject, Space> {
 public:
  static constexpr const char* kName = "the address space";

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Space",
        {InstanceMethod<&SpaceObject::Commit>("commit"), Method<CopyFrom>("copyFrom"),
         Method<&Space::Clear>("clear"), InstanceMethod<&SpaceObject::Dispose>("dispose")});
  }

  explicit SpaceObject(const Napi::CallbackInfo& info) : OwnerObject(info) {
    Guard(info.Env(), [&] {
      owned_ = std::make_shared<Space>(UserVmObject::Unwrap(info[0].As<Napi::Object>())->Get());
    });
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

  static void CopyFrom(Space& space, Napi::Object from) { space.CopyFrom(*Unwrap(from)->Get()); }

  void Dispose(const Napi::CallbackInfo&) { owned_.reset(); }

  static constexpr size_t kEditWords = 4;
};

class CpuObject : public ContextObject<CpuObject, UserCpu> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Cpu",
                       Methods({Getter<&UserCpu::frame_page>("frameOffset"),
                                Getter<&UserCpu::has_host_cycles>("hasHostCycles"),
                                Getter<&UserCpu::record_page>("recordOffset"),
                                InstanceMethod<&CpuObject::StartRunner>("startRunner"),
                                Method<[](UserCpu& cpu) { cpu.runner().Post(); }>("post"),
                                Method<[](UserCpu& cpu) { cpu.runner().Halt(); }>("halt"),
                                Method<SetSpace>("setSpace")}));
  }

  explicit CpuObject(const Napi::CallbackInfo& info) : ContextObject(info) {
    Guard(info.Env(), [&] {
      std::shared_ptr<UserVm> vm = UserVmObject::Unwrap(info[0].As<Napi::Object>())->Get();
      SupervisorPages::Spending spending(vm->pages());
      Own(std::make_unique<UserCpu>(vm, vm->TakeIndex()),
          FromJs<std::shared_ptr<Watcher>>(info[1]));
    });
  }

  ~CpuObject() override { Free(); }

 private:
  // startRunner(looks: number): from here the Cpu has a thread of its own; while that runs it, `run` must not be called.
  void StartRunner(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      Callee().StartRunner(info[0].ToNumber().Uint32Value(),
                           [watcher = watcher_] { return watcher->RingIfAsleep(); });
    });
  }

  static void SetSpace(UserCpu& cpu, Napi::Object space) {
    cpu.Enter(SpaceObject::Unwrap(space)->Get());
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
