// vm.cc: the VM API's Vm for JavaScript, and what hosts offer VMs. src/vm/addon.ts has the types.

#include <unistd.h>

#include <cstring>
#include <utility>

#include "arch/arch.h"
#include "napi/exports.h"
#include "napi/guard.h"
#include "napi/size.h"
#include "napi/vm_object.h"
#include "napi/way_back.h"

namespace hv {
namespace {

class VmObject : public Napi::ObjectWrap<VmObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Vm",
                       {InstanceMethod<&VmObject::AddInterruptController>("addInterruptController"),
                        InstanceMethod<&VmObject::SetLine>("setLine"),
                        InstanceMethod<&VmObject::SignalMsi>("signalMsi"),
                        InstanceMethod<&VmObject::AddMessage>("addMessage"),
                        InstanceMethod<&VmObject::RemoveMessage>("removeMessage"),
                        InstanceMethod<&VmObject::EventfdLimits>("eventfdLimits"),
                        InstanceMethod<&VmObject::SetIoeventfd>("setIoeventfd"),
                        InstanceMethod<&VmObject::SetIrqfd>("setIrqfd"),
                        InstanceMethod<&VmObject::AddLatch>("addLatch"),
                        InstanceMethod<&VmObject::SetLatch>("setLatch"),
                        InstanceMethod<&VmObject::AddPosted>("addPosted"),
                        InstanceMethod<&VmObject::OnPosted>("onPosted"),
                        InstanceMethod<&VmObject::TakePosted>("takePosted"),
                        InstanceMethod<&VmObject::Dispose>("dispose")});
  }

  // new Vm(ipaBits)
  explicit VmObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<VmObject>(info) {
    Guard(info.Env(), [&] {
      vm_ = std::make_shared<Vm>(info[0].ToNumber().Uint32Value());
      arch::OfferHypercalls(*vm_);
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
  // addInterruptController(): its version.
  Napi::Value AddInterruptController(const Napi::CallbackInfo& info) {
    return Guard(info.Env(),
                 [&] { return Napi::Number::New(info.Env(), Get()->AddInterruptController()); });
  }

  // setLine(gsi, high)
  void SetLine(const Napi::CallbackInfo& info) {
    Guard(info.Env(),
          [&] { Get()->SetLine(info[0].ToNumber().Uint32Value(), info[1].ToBoolean()); });
  }

  // signalMsi(address, data): whether the guest takes it.
  Napi::Value SignalMsi(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      bool taken = Get()->SignalMsi(Whole(info[0]), info[1].ToNumber().Uint32Value());
      return Napi::Boolean::New(info.Env(), taken);
    });
  }

  // addMessage(address, data): its number for setIrqfd.
  Napi::Value AddMessage(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      uint32_t gsi = Get()->AddMessage(Whole(info[0]), info[1].ToNumber().Uint32Value());
      return Napi::Number::New(info.Env(), gsi);
    });
  }

  // removeMessage(gsi)
  void RemoveMessage(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get()->RemoveMessage(info[0].ToNumber().Uint32Value()); });
  }

  // eventfdLimits(): EventfdLimits of src/vm/addon.ts.
  Napi::Value EventfdLimits(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    return Guard(env, [&] {
      const std::pair<const char*, unsigned> capabilities[] = {
          {"ioeventfd", KVM_CAP_IOEVENTFD},
          {"anyLength", KVM_CAP_IOEVENTFD_ANY_LENGTH},
          {"irqfd", KVM_CAP_IRQFD},
          {"resample", KVM_CAP_IRQFD_RESAMPLE}};
      Napi::Object limits = Napi::Object::New(env);
      for (const auto& [name, capability] : capabilities)
        limits.Set(name, Napi::Boolean::New(env, Get()->system().Check(capability) > 0));
      bool messages =
          Get()->system().Check(KVM_CAP_IRQ_ROUTING) > 0 && !arch::InputRoutes().empty();
      limits.Set("messages", Napi::Boolean::New(env, messages));
      return limits;
    });
  }

  // setIoeventfd(eventfd, isOn, isPort, address, length, value: bigint | undefined)
  void SetIoeventfd(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      IoeventfdPlace place = {info[2].ToBoolean(), ToSize(info[3]),
                              info[4].ToNumber().Uint32Value(), info[5].IsBigInt(), 0};
      bool lossless;
      if (place.has_value) place.value = info[5].As<Napi::BigInt>().Uint64Value(&lossless);
      Get()->SetIoeventfd(place, UnwrapEventfd(info[0]), info[1].ToBoolean());
    });
  }

  // setIrqfd(eventfd, isOn, gsi, resample: Eventfd | undefined)
  void SetIrqfd(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      const Eventfd* resample = info[3].IsUndefined() ? nullptr : &UnwrapEventfd(info[3]);
      Get()->SetIrqfd(info[2].ToNumber().Uint32Value(), UnwrapEventfd(info[0]), resample,
                      info[1].ToBoolean());
    });
  }

  static uint64_t Whole(const Napi::Value& value) {
    return static_cast<uint64_t>(value.ToNumber().Int64Value());
  }

  // addLatch(isPort, address, size): its row.
  Napi::Value AddLatch(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      uint32_t row = Get()->devices().AddLatch(info[0].ToBoolean(), Whole(info[1]),
                                               info[2].ToNumber().Uint32Value());
      return Napi::Number::New(info.Env(), row);
    });
  }

  // setLatch(row, value)
  void SetLatch(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      Get()->devices().SetLatch(info[0].ToNumber().Uint32Value(), info[1].ToNumber().Uint32Value());
    });
  }

  // addPosted(isPort, first, length): its row.
  Napi::Value AddPosted(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      uint32_t row =
          Get()->devices().AddPosted(info[0].ToBoolean(), Whole(info[1]), Whole(info[2]));
      return Napi::Number::New(info.Env(), row);
    });
  }

  static void CallListener(napi_env env, napi_value listener, void*, void*) {
    napi_value self;
    // SAFETY: Node-API calls this on JavaScript's thread, in a scope of handles; env is null while the environment ends.
    if (env == nullptr || napi_get_undefined(env, &self) != napi_ok) return;
    // SAFETY: as above. What the listener throws is JavaScript's to report.
    napi_call_function(env, self, listener, 0, nullptr, nullptr);
  }

  // onPosted(callback): called when there is something to take. Keeps no process alive.
  void OnPosted(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      posted_ = std::make_shared<WayBack>(info.Env(), "hv stores", CallListener, info[0]);
      Get()->devices().OnPosted([bell = posted_] { bell->Call(nullptr); });
    });
  }

  // takePosted(out: Uint32Array): returns how many; four words each: row, offset, size, value.
  Napi::Value TakePosted(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      constexpr size_t kWords = sizeof(DeviceTable::Store) / sizeof(uint32_t);
      Napi::Uint32Array out = info[0].As<Napi::Uint32Array>();
      if (out.ElementLength() < DeviceTable::kMaxPosted * kWords) throw std::out_of_range("stores");
      std::vector<DeviceTable::Store> stores = Get()->devices().Take();
      std::memcpy(out.Data(), stores.data(), stores.size() * sizeof(DeviceTable::Store));
      return Napi::Number::New(info.Env(), static_cast<double>(stores.size()));
    });
  }

  void Dispose(const Napi::CallbackInfo&) {
    vm_.reset();
    posted_.reset();
  }

  std::shared_ptr<Vm> vm_;
  std::shared_ptr<WayBack> posted_;
  unsigned next_vcpu_id_ = 0;
};

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

std::shared_ptr<Vm> UnwrapVm(const Napi::Value& value) {
  return VmObject::Unwrap(value.As<Napi::Object>())->Get();
}

unsigned TakeVcpuId(const Napi::Value& value) {
  return VmObject::Unwrap(value.As<Napi::Object>())->TakeVcpuId();
}

void ExportVm(Napi::Env env, Napi::Object exports) {
  exports.Set("Vm", VmObject::Define(env));
  exports.Set("pageBytes", Napi::Number::New(env, static_cast<double>(::sysconf(_SC_PAGESIZE))));
  exports.Set("holdKvm", Napi::Function::New(env, Hold, "holdKvm"));
  exports.Set("dropKvm", Napi::Function::New(env, Drop, "dropKvm"));
  exports.Set("vmLimits", Napi::Function::New(env, VmLimits, "vmLimits"));
}

}  // namespace hv
