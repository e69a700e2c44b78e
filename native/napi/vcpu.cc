// vcpu.cc: the VM API's Vcpu for JavaScript: runs, exits, registers. src/vm/addon.ts has its type.

#include <cstring>
#include <utility>

#include "arch/arch.h"
#include "kvm/exit.h"
#include "kvm/vcpu_thread.h"
#include "napi/exports.h"
#include "napi/objects.h"
#include "napi/way_back.h"

namespace hv {
namespace {

class VcpuObject;

// A run that JavaScript waits for: the thread-safe function's call owns it.
struct Flight {
  VcpuObject* vcpu;
  Napi::Promise::Deferred deferred;
  int result = 0;
};

void Land(napi_env env, napi_value, void*, void* data);

class VcpuObject : public OwnerObject<VcpuObject, Vcpu> {
 public:
  static constexpr const char* kName = "the vCPU";

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Vcpu",
        {Method<&VcpuObject::Run>("run"), Method<&VcpuObject::RunAsync>("runAsync"),
         Method<&Vcpu::Kick>("interrupt"), Method<&VcpuObject::Inject>("inject"),
         Method<&VcpuObject::Nmi>("nmi"), Method<&VcpuObject::Smi>("smi"),
         Method<&Vcpu::SetLine>("setLine"), Method<&VcpuObject::ReadExit>("readExit"),
         Method<&VcpuObject::ReadData>("readData"), Method<&VcpuObject::WriteData>("writeData"),
         Method<&VcpuObject::AnswerHypercall>("answerHypercall"),
         Method<&VcpuObject::AnswerMsr>("answerMsr"), Getter<&Vcpu::id>("id"),
         Getter<&Vcpu::fd>("fd"), Method<&VcpuObject::CpuNs>("cpuNs"),
         // How many of registerNames this vCPU has: it has the first ones.
         Getter<[](Vcpu& vcpu) { return arch::RegisterCount(vcpu); }>("registerCount"),
         Method<&VcpuObject::ReadRegisters>("readRegisters"),
         Method<&VcpuObject::WriteRegisters>("writeRegisters"),
         Method<&VcpuObject::Dispose>("dispose")});
  }

  // new Vcpu(vm, startsOff, hasEl2): it gets the next number, because KVM keeps a number even when its descriptor is closed.
  explicit VcpuObject(const Napi::CallbackInfo& info) : OwnerObject(info) {
    Guard(info.Env(), [&] {
      auto vm = FromJs<std::shared_ptr<Vm>>(info[0]);
      VcpuOptions options = {info[1].ToBoolean(), info[2].ToBoolean()};
      owned_ = std::make_shared<Vcpu>(std::move(vm), TakeVcpuId(info[0]), options);
    });
  }

  // The run has ended, and the promise is about to be settled.
  void Landed(Napi::Env env) {
    if (thread_ != nullptr) thread_->Arrived();
    // SAFETY: the hook that was added for this object.
    napi_remove_env_cleanup_hook(env, StopThread, this);
    if (landing_ != nullptr) landing_->Unref();
    running_ = false;
  }

  // Throws while it runs, and when it was disposed.
  Vcpu& GetStopped() const {
    if (running_) throw std::invalid_argument("the vCPU runs");
    return Callee();
  }

 private:
  // A worker or the process ends while the vCPU runs. Hooks run last in, first out: the thread-safe function still exists.
  static void StopThread(void* self) {
    auto* vcpu = static_cast<VcpuObject*>(self);
    // Nobody will fill the page that it may be waiting for.
    if (vcpu->owned_ != nullptr) vcpu->owned_->vm().EndMissing();
    vcpu->thread_.reset();
  }

  Vcpu& GetReady() const {
    Vcpu& vcpu = GetStopped();
    vcpu.Start();
    return vcpu;
  }

  // 0, or the errno of KVM_RUN. On the calling thread.
  int Run() { return GetReady().Run(); }

  // The same, on the vCPU's own thread: a promise, or the number when the run has ended already.
  Napi::Value RunAsync() {
    GetReady();
    if (thread_ == nullptr) thread_ = std::make_unique<VcpuThread>(owned_);
    if (landing_ == nullptr) landing_ = std::make_shared<WayBack>(Env(), "hv vCPU", Land);
    thread_->Post();
    if (std::optional<int> result = thread_->TakeSoon()) return ToJs(Env(), *result);
    std::unique_ptr<Flight> owned(new Flight{this, Napi::Promise::Deferred::New(Env())});
    Napi::Promise promise = owned->deferred.Promise();
    landing_->Ref();
    // SAFETY: removed in Landed, before this object is destroyed.
    napi_add_env_cleanup_hook(Env(), StopThread, this);
    running_ = true;
    thread_->Then([flight = owned.release(), landing = landing_](int result) {
      flight->result = result;
      if (!landing->Call(flight)) delete flight;
    });
    return promise;
  }

  // Of its own thread; 0 while it has none. It may run.
  double CpuNs() { return thread_ == nullptr ? 0 : static_cast<double>(thread_->CpuNs()); }

  bool Inject(uint32_t vector, bool is_enabled) { return GetReady().Interrupt(vector, is_enabled); }
  void Nmi() { GetReady().Nmi(); }
  void Smi() { GetReady().Smi(); }

  // Exit's words.
  void ReadExit(Napi::BigUint64Array out) {
    Vcpu& vcpu = GetStopped();
    if (vcpu.run().exit_reason == KVM_EXIT_HYPERCALL) arch::FetchHypercall(vcpu);
    Exit exit = hv::ReadExit(vcpu.run());
    if (exit.kind == ExitKind::kDebug) {
      DebugStop stop = arch::ReadDebugStop(vcpu);
      exit.reason = static_cast<uint64_t>(stop.cause);
      exit.address = stop.address;
    }
    if (out.ElementLength() < kExitWords) throw std::out_of_range("exit");
    std::memcpy(out.Data(), &exit, sizeof(exit));
  }

  // An exit's items in kvm_run.
  void ReadData(uint64_t offset, Napi::Uint8Array out) {
    std::memcpy(out.Data(), Data(offset, out.ByteLength()), out.ByteLength());
  }

  void WriteData(uint64_t offset, Napi::Uint8Array data) {
    std::memcpy(Data(offset, data.ByteLength()), data.Data(), data.ByteLength());
  }

  uint8_t* Data(uint64_t offset, size_t size) const {
    Vcpu& vcpu = GetStopped();
    if (offset > vcpu.run_size() || size > vcpu.run_size() - offset) {
      throw std::out_of_range("kvm_run");
    }
    // SAFETY: within the mapping of run_size() bytes.
    return reinterpret_cast<uint8_t*>(&vcpu.run()) + offset;
  }

  void AnswerHypercall(Napi::BigInt result) {
    bool lossless;
    arch::AnswerHypercall(GetStopped(), result.Uint64Value(&lossless));
  }

  // x86_64: what RDMSR reads; or the access, WRMSR too, is a general-protection fault.
  void AnswerMsr(Napi::BigInt value, bool is_fault) {
    bool lossless;
    auto& msr = GetStopped().run().msr;
    msr.data = value.Uint64Value(&lossless);
    msr.error = is_fault;
  }

  void ReadRegisters(Napi::Uint32Array indexes, Napi::BigUint64Array out) {
    CheckRoom(indexes, out);
    arch::ReadRegisters(GetStopped(), indexes.Data(), indexes.ElementLength(), out.Data());
  }

  void WriteRegisters(Napi::Uint32Array indexes, Napi::BigUint64Array values) {
    CheckRoom(indexes, values);
    arch::WriteRegisters(GetStopped(), indexes.Data(), indexes.ElementLength(), values.Data());
  }

  static void CheckRoom(const Napi::TypedArray& indexes, const Napi::TypedArray& values) {
    if (values.ElementLength() < indexes.ElementLength()) throw std::out_of_range("registers");
  }

  // Ends the current run; its promise is settled later.
  void Dispose() {
    thread_.reset();
    landing_.reset();
    owned_.reset();
  }

  // One WayBack for all runs.
  std::shared_ptr<WayBack> landing_;
  std::unique_ptr<VcpuThread> thread_;
  bool running_ = false;
};

// On JavaScript's thread. `env` is null while the environment ends: then nothing waits any more.
void Land(napi_env env, napi_value, void*, void* data) {
  std::unique_ptr<Flight> landed(static_cast<Flight*>(data));
  if (env == nullptr) return;
  landed->vcpu->Landed(env);
  landed->deferred.Resolve(ToJs(env, landed->result));
}

}  // namespace

template <>
Vcpu& FromJs(const Napi::Value& value) {
  return VcpuObject::Unwrap(value.As<Napi::Object>())->GetStopped();
}

void ExportVcpu(Napi::Env env, Napi::Object exports) {
  exports.Set("Vcpu", VcpuObject::Define(env));
  exports.Set("registerNames", ToJs(env, arch::RegisterNames()));
}

}  // namespace hv
