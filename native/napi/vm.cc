// vm.cc: the VM API's objects for JavaScript: Vm and Vcpu. src/vm/addon.ts has their types.

#include <unistd.h>

#include <cstring>
#include <utility>

#include "arch/arch.h"
#include "kvm/exit.h"
#include "kvm/vcpu_thread.h"
#include "napi/exports.h"
#include "napi/guard.h"
#include "napi/region_buffer.h"

namespace hv {
namespace {

class VmObject : public Napi::ObjectWrap<VmObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Vm",
                       {InstanceAccessor<&VmObject::Memory>("memory"),
                        InstanceMethod<&VmObject::AddInterruptController>("addInterruptController"),
                        InstanceMethod<&VmObject::Publish>("publish"),
                        InstanceMethod<&VmObject::Dispose>("dispose")});
  }

  // new Vm(memoryBase, memoryBytes, ipaBits): guest memory from guest physical address memoryBase on.
  explicit VmObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<VmObject>(info) {
    Guard(info.Env(), [&] {
      uint64_t base = static_cast<uint64_t>(info[0].ToNumber().Int64Value());
      size_t size = static_cast<size_t>(info[1].ToNumber().Int64Value());
      vm_ = std::make_shared<Vm>(info[2].ToNumber().Uint32Value());
      arch::OfferHypercalls(*vm_);
      region_ = RegionBuffer(vm_->AddRegion(base, size, false));
      memory_ = Napi::Persistent(region_.Show(info.Env(), size));
    });
  }

  // Throws when it was disposed.
  std::shared_ptr<Vm> Get() const {
    if (vm_ == nullptr) throw std::invalid_argument("the VM is disposed");
    return vm_;
  }

  // KVM keeps a vCPU's number even when its descriptor is closed.
  unsigned TakeVcpuId() { return next_vcpu_id_++; }

 private:
  Napi::Value Memory(const Napi::CallbackInfo& info) {
    return memory_.IsEmpty() ? info.Env().Undefined() : memory_.Value();
  }

  // addInterruptController(): its version.
  Napi::Value AddInterruptController(const Napi::CallbackInfo& info) {
    return Guard(info.Env(),
                 [&] { return Napi::Number::New(info.Env(), Get()->AddInterruptController()); });
  }

  // publish(offset, length): what the host stored in the memory is seen by instruction fetches too.
  void Publish(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      const Mapping& memory = Get()->region(0)->mapping;
      uint64_t offset = static_cast<uint64_t>(info[0].ToNumber().Int64Value());
      uint64_t length = static_cast<uint64_t>(info[1].ToNumber().Int64Value());
      if (offset > memory.size() || length > memory.size() - offset) {
        throw std::out_of_range("guest memory");
      }
      arch::PublishMemory(memory.data() + offset, length);
    });
  }

  void Dispose(const Napi::CallbackInfo&) {
    region_.Detach();
    vm_.reset();
  }

  std::shared_ptr<Vm> vm_;
  RegionBuffer region_;
  Napi::Reference<Napi::Value> memory_;
  unsigned next_vcpu_id_ = 0;
};

class VcpuObject;

// A run that JavaScript waits for: owned by the thread-safe function's call.
struct Flight {
  VcpuObject* vcpu;
  Napi::Promise::Deferred deferred;
  int result = 0;
};

void Land(Napi::Env env, Napi::Function, Flight* flight, void*);
using Landing = Napi::TypedThreadSafeFunction<Flight, void, Land>;

class VcpuObject : public Napi::ObjectWrap<VcpuObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Vcpu",
        {InstanceMethod<&VcpuObject::Run>("run"), InstanceMethod<&VcpuObject::RunAsync>("runAsync"),
         InstanceMethod<&VcpuObject::Interrupt>("interrupt"),
         InstanceMethod<&VcpuObject::ReadExit>("readExit"),
         InstanceMethod<&VcpuObject::ReadData>("readData"),
         InstanceMethod<&VcpuObject::WriteData>("writeData"),
         InstanceMethod<&VcpuObject::AnswerHypercall>("answerHypercall"),
         InstanceAccessor<&VcpuObject::RegisterCount>("registerCount"),
         InstanceMethod<&VcpuObject::ReadRegisters>("readRegisters"),
         InstanceMethod<&VcpuObject::WriteRegisters>("writeRegisters"),
         InstanceMethod<&VcpuObject::Dispose>("dispose")});
  }

  // new Vcpu(vm, startsOff, hasEl2).
  explicit VcpuObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<VcpuObject>(info) {
    Guard(info.Env(), [&] {
      VmObject* vm = VmObject::Unwrap(info[0].As<Napi::Object>());
      VcpuOptions options = {info[1].ToBoolean(), info[2].ToBoolean()};
      vcpu_ = std::make_shared<Vcpu>(vm->Get(), vm->TakeVcpuId(), options);
    });
  }

  // Nothing runs any more, and the promise is about to be settled.
  void Landed(Napi::Env env) {
    // SAFETY: the hook that was added for this object.
    napi_remove_env_cleanup_hook(env, StopThread, this);
    running_ = false;
  }

 private:
  Vcpu& Get() const {
    if (vcpu_ == nullptr) throw std::invalid_argument("the vCPU is disposed");
    return *vcpu_;
  }

  Vcpu& GetStopped() const {
    if (running_) throw std::invalid_argument("the vCPU runs");
    return Get();
  }

  // A worker or the process ends while the vCPU runs. Hooks go last in, first out: the thread-safe function still is.
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

  // runAsync(): a promise of the same, on the vCPU's own thread.
  Napi::Value RunAsync(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    return Guard(env, [&]() -> Napi::Value {
      GetReady();
      if (thread_ == nullptr) thread_ = std::make_unique<VcpuThread>(vcpu_);
      std::unique_ptr<Flight> owned(new Flight{this, Napi::Promise::Deferred::New(env)});
      Napi::Promise promise = owned->deferred.Promise();
      Landing landing = Landing::New(env, "hv vCPU", 0, 1, owned.get());
      // SAFETY: taken away in Landed, before this object goes.
      napi_add_env_cleanup_hook(env, StopThread, this);
      running_ = true;
      thread_->Post([flight = owned.release(), landing](int result) mutable {
        flight->result = result;
        // After a refusal, the function is gone for this thread.
        if (landing.NonBlockingCall() == napi_ok) landing.Release();
      });
      return promise;
    });
  }

  void Interrupt(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get().Kick(); });
  }

  // readExit(out: BigUint64Array): Exit's words.
  void ReadExit(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      Vcpu& vcpu = GetStopped();
      if (vcpu.run().exit_reason == KVM_EXIT_HYPERCALL) arch::FetchHypercall(vcpu);
      Exit exit = hv::ReadExit(vcpu.run());
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

  // So many of registerNames, from the first on, has this vCPU.
  Napi::Value RegisterCount(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      return Napi::Number::New(info.Env(), static_cast<double>(arch::RegisterCount(Get())));
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

  // Ends the run that goes on; its promise is settled later.
  void Dispose(const Napi::CallbackInfo&) {
    thread_.reset();
    vcpu_.reset();
  }

  std::shared_ptr<Vcpu> vcpu_;
  std::unique_ptr<VcpuThread> thread_;
  bool running_ = false;
};

// On JavaScript's thread. `env` is null while the environment goes down: then nobody waits any more.
void Land(Napi::Env env, Napi::Function, Flight* flight, void*) {
  std::unique_ptr<Flight> landed(flight);
  if (static_cast<napi_env>(env) == nullptr) return;
  flight->vcpu->Landed(env);
  flight->deferred.Resolve(Napi::Number::New(env, flight->result));
}

// holdKvm(): 0 or an errno.
Napi::Value Hold(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] { return Napi::Number::New(info.Env(), HoldKvm()); });
}

// dropKvm()
void Drop(const Napi::CallbackInfo&) { DropKvm(); }

// vmLimits(): VmLimits of src/vm/addon.ts. Other architectures' capabilities are 0.
Napi::Value VmLimits(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return Guard(env, [&] {
    System system;
    Napi::Object limits = Napi::Object::New(env);
    limits.Set("ipaBits", Napi::Number::New(env, system.Check(KVM_CAP_ARM_VM_IPA_SIZE)));
    limits.Set("hasEl2", Napi::Boolean::New(env, system.Check(kCapArmEl2) > 0));
    return limits;
  });
}

}  // namespace

void ExportVm(Napi::Env env, Napi::Object exports) {
  exports.Set("Vm", VmObject::Define(env));
  exports.Set("Vcpu", VcpuObject::Define(env));
  exports.Set("pageBytes", Napi::Number::New(env, static_cast<double>(::sysconf(_SC_PAGESIZE))));
  exports.Set("holdKvm", Napi::Function::New(env, Hold, "holdKvm"));
  exports.Set("dropKvm", Napi::Function::New(env, Drop, "dropKvm"));
  exports.Set("vmLimits", Napi::Function::New(env, VmLimits, "vmLimits"));
  const std::vector<std::string>& names = arch::RegisterNames();
  Napi::Array registers = Napi::Array::New(env, names.size());
  for (uint32_t i = 0; i < names.size(); i++) {
    registers.Set(i, Napi::String::New(env, names[i]));
  }
  exports.Set("registerNames", registers);
}

}  // namespace hv
