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
        {InstanceMethod<&VcpuObject::Run>("run"), InstanceMethod<&VcpuObject::RunAsync>("runAsync"),
         Method<&Vcpu::Kick>("interrupt"), InstanceMethod<&VcpuObject::ReadExit>("readExit"),
         InstanceMethod<&VcpuObject::ReadData>("readData"),
         InstanceMethod<&VcpuObject::WriteData>("writeData"),
         InstanceMethod<&VcpuObject::AnswerHypercall>("answerHypercall"), Getter<&Vcpu::id>("id"),
         // How many of registerNames this vCPU has: it has the first ones.
         Getter<[](Vcpu& vcpu) { return arch::RegisterCount(vcpu); }>("registerCount"),
         InstanceMethod<&VcpuObject::ReadRegisters>("readRegisters"),
         InstanceMethod<&VcpuObject::WriteRegisters>("writeRegisters"),
         InstanceMethod<&VcpuObject::Dispose>("dispose")});
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
  static void StopThread(void* self) { static_cast<VcpuObject*>(self)->thread_.reset(); }

  Vcpu& GetReady() const {
    Vcpu& vcpu = GetStopped();
    vcpu.vm().Start();
    return vcpu;
  }

  // run(): 0, or the errno of KVM_RUN. On the calling thread.
  Napi::Value Run(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return Napi::Number::New(info.Env(), GetReady().Run()); });
  }

  // runAsync(): the same, on the vCPU's own thread: a promise, or the number when the run has ended already.
  Napi::Value RunAsync(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    return Guard(env, [&]() -> Napi::Value {
      GetReady();
      if (thread_ == nullptr) thread_ = std::make_unique<VcpuThread>(owned_);
      if (landing_ == nullptr) landing_ = std::make_shared<WayBack>(env, "hv vCPU", Land);
      thread_->Post();
      if (std::optional<int> result = thread_->TakeSoon()) return Napi::Number::New(env, *result);
      std::unique_ptr<Flight> owned(new Flight{this, Napi::Promise::Deferred::New(env)});
      Napi::Promise promise = owned->deferred.Promise();
      landing_->Ref();
      // SAFETY: removed in Landed, before this object is destroyed.
      napi_add_env_cleanup_hook(env, StopThread, this);
      running_ = true;
      thread_->Then([flight = owned.release(), landing = landing_](int result) {
        flight->result = result;
        if (!landing->Call(flight)) delete flight;
      });
      return promise;
    });
  }

  // readExit(out: BigUint64Array): Exit's words.
  void ReadExit(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      Vcpu& vcpu = GetStopped();
      if (vcpu.run().exit_reason == KVM_EXIT_HYPERCALL) arch::FetchHypercall(vcpu);
      Exit exit = hv::ReadExit(vcpu.run());
      if (exit.kind == ExitKind::kDebug) {
        DebugStop stop = arch::ReadDebugStop(vcpu);
        exit.reason = static_cast<uint64_t>(stop.cause);
        exit.address = stop.address;
      }
      Napi::BigUint64Array out = info[0].As<Napi::BigUint64Array>();
      if (out.ElementLength() < kExitWords) throw std::out_of_range("exit");
      std::memcpy(out.Data(), &exit, sizeof(exit));
    });
  }

  // readData(offset, out: Uint8Array), writeData(offset, data: Uint8Array): an exit's items in kvm_run.
  void ReadData(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      Napi::Uint8Array out = info[1].As<Napi::Uint8Array>();
      std::memcpy(out.Data(), Data(info[0], out.ByteLength()), out.ByteLength());
    });
  }

  void WriteData(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      Napi::Uint8Array data = info[1].As<Napi::Uint8Array>();
      std::memcpy(Data(info[0], data.ByteLength()), data.Data(), data.ByteLength());
    });
  }

  uint8_t* Data(const Napi::Value& value, size_t size) const {
    Vcpu& vcpu = GetStopped();
    uint64_t offset = static_cast<uint64_t>(value.ToNumber().Int64Value());
    if (offset > vcpu.run_size() || size > vcpu.run_size() - offset) {
      throw std::out_of_range("kvm_run");
    }
    // SAFETY: within the mapping of run_size() bytes.
    return reinterpret_cast<uint8_t*>(&vcpu.run()) + offset;
  }

  // answerHypercall(result: bigint).
  void AnswerHypercall(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      bool lossless;
      arch::AnswerHypercall(GetStopped(), info[0].As<Napi::BigInt>().Uint64Value(&lossless));
    });
  }

  // readRegisters(indexes: Uint32Array, out: BigUint64Array), writeRegisters(indexes, values).
  void ReadRegisters(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      auto [indexes, values] = RegisterArrays(info);
      arch::ReadRegisters(GetStopped(), indexes.Data(), indexes.ElementLength(), values.Data());
    });
  }

  void WriteRegisters(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      auto [indexes, values] = RegisterArrays(info);
      arch::WriteRegisters(GetStopped(), indexes.Data(), indexes.ElementLength(), values.Data());
    });
  }

  static std::pair<Napi::Uint32Array, Napi::BigUint64Array> RegisterArrays(
      const Napi::CallbackInfo& info) {
    auto indexes = info[0].As<Napi::Uint32Array>();
    auto values = info[1].As<Napi::BigUint64Array>();
    if (values.ElementLength() < indexes.ElementLength()) throw std::out_of_range("registers");
    return {indexes, values};
  }

  // Ends the current run; its promise is settled later.
  void Dispose(const Napi::CallbackInfo&) {
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
  landed->deferred.Resolve(Napi::Number::New(env, landed->result));
}

}  // namespace

template <>
Vcpu& FromJs(const Napi::Value& value) {
  return VcpuObject::Unwrap(value.As<Napi::Object>())->GetStopped();
}

void ExportVcpu(Napi::Env env, Napi::Object exports) {
  exports.Set("Vcpu", VcpuObject::Define(env));
  exports.Set("registerNames", ToArray(env, arch::RegisterNames(), [&](const std::string& name) {
                return Napi::String::New(env, name);
              }));
}

}  // namespace hv
