// user_vm.cc: the KVM platform's objects for JavaScript: UserVm, Space and Cpu. src/platform/kvm/addon.ts has their types.

#include "kvm/user_vm.h"

#include <sys/auxv.h>

#include "arch/arch.h"
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
        {Method<&UserVmObject::ShowMemory>("showMemory"),
         Method<&UserVmObject::ShowSupervisor>("showSupervisor"),
         Getter<SupervisorBytes>("supervisorBytes"), Getter<&UserVm::cpus>("cpus"),
         Getter<TakesLateCpus>("takesLateCpus"), Getter<&UserVm::stops_page>("stopsOffset"),
         Method<&UserVm::OpenGate>("openGate"), Method<Release>("release"),
         Method<&UserVmObject::Dispose>("dispose")});
  }

  explicit UserVmObject(const Napi::CallbackInfo& info) : OwnerObject(info) {
    Guard(info.Env(), [&] {
      owned_ = std::make_shared<UserVm>(ToSize(info[0]), info[1].ToNumber().Uint32Value());
      memory_ = RegionBuffer(owned_->vm()->region(0));
      supervisor_ = RegionBuffer(owned_->vm()->region(1));
    });
  }

 private:
  Napi::Value ShowMemory(uint64_t bytes) { return memory_.Show(Env(), bytes); }
  Napi::Value ShowSupervisor(uint64_t bytes) { return supervisor_.Show(Env(), bytes); }

  static bool TakesLateCpus(UserVm&) { return arch::TakesLateVcpus(); }
  static size_t SupervisorBytes(UserVm& vm) { return vm.vm()->region(1)->mapping.size(); }

  static void Release(UserVm& vm, uint64_t offset, uint64_t length) {
    vm.memory().Release(offset, length);
  }

  void Dispose() {
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
    return DefineClass(env, "Space",
                       {Method<&SpaceObject::Commit>("commit"), Method<CopyFrom>("copyFrom"),
                        Method<&Space::Clear>("clear"), Method<&SpaceObject::Dispose>("dispose")});
  }

  explicit SpaceObject(const Napi::CallbackInfo& info) : OwnerObject(info) {
    Guard(info.Env(), [&] {
      owned_ = std::make_shared<Space>(UserVmObject::Unwrap(info[0].As<Napi::Object>())->Get());
    });
  }

 private:
  // Four numbers per edit. False: memory for page tables ran out.
  bool Commit(Napi::Float64Array words, uint64_t count) {
    constexpr size_t kEditWords = 4;
    if (count > words.ElementLength() / kEditWords) throw std::out_of_range("edits");
    const double* word = words.Data();
    std::vector<Edit> edits;
    edits.reserve(count);
    for (; count > 0; count--, word += kEditWords) {
      edits.push_back({ToSize(word[0]), ToSize(word[1]), ToSize(word[2]), ToSize(word[3])});
    }
    return Get()->Commit(edits);
  }

  static void CopyFrom(Space& space, Napi::Object from) { space.CopyFrom(*Unwrap(from)->Get()); }
};

class CpuObject : public ContextObject<CpuObject, UserCpu> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Cpu",
                       Methods({Getter<&UserCpu::frame_page>("frameOffset"),
                                Getter<&UserCpu::has_host_cycles>("hasHostCycles"),
                                Getter<&UserCpu::record_page>("recordOffset"),
                                Method<&CpuObject::StartRunner>("startRunner"),
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
  // From here the Cpu has a thread of its own; while that runs it, `run` must not be called.
  void StartRunner(uint32_t looks) {
    Callee().StartRunner(looks, [watcher = watcher_] { return watcher->RingIfAsleep(); });
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
  exports.Set("userTop", static_cast<double>(HV_USER_TOP));
}

}  // namespace hv
