// vm.cc: the VM API's Vm for JavaScript, and what hosts offer VMs. src/vm/addon.ts has the types.

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>
#include <cstring>
#include <utility>

#include "arch/arch.h"
#include "napi/exports.h"
#include "napi/objects.h"
#include "napi/way_back.h"
#include "sys/ioctl.h"
#include "sys/thread_fds.h"

namespace hv {
namespace {

class VmObject : public OwnerObject<VmObject, Vm> {
 public:
  static constexpr const char* kName = "the VM";

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Vm",
                       {Method<&Vm::AddInterruptController>("addInterruptController"),
                        Method<&Vm::EndMissing>("endMissing"),
                        Method<&Vm::SetLine>("setLine"),
                        Method<SignalMsi>("signalMsi"),
                        Method<AddMessage>("addMessage"),
                        Method<&Vm::RemoveMessage>("removeMessage"),
                        Method<SetInputMessage>("setInputMessage"),
                        Method<EventfdLimits>("eventfdLimits"),
                        Method<SetIoeventfd>("setIoeventfd"),
                        Method<SetIrqfd>("setIrqfd"),
                        Method<AddLatch>("addLatch"),
                        Method<SetLatch>("setLatch"),
                        Method<AddStatus>("addStatus"),
                        Method<ChangeStatus>("changeStatus"),
                        Method<Status>("status"),
                        Method<AddPosted>("addPosted"),
                        Method<&VmObject::OnPosted>("onPosted"),
                        Method<TakePosted>("takePosted"),
                        Getter<&Vm::fd>("fd"),
                        Getter<[](Vm& vm) { return vm.system().fd(); }>("systemFd"),
                        Method<&VmObject::Dispose>("dispose")});
  }

  // new Vm(ipaBits, features, dirtyRing, isProtected): CpuFeatures of src/vm/cpu-features.ts.
  explicit VmObject(const Napi::CallbackInfo& info) : OwnerObject(info) {
    Guard(info.Env(), [&] {
      auto given = info[1].As<Napi::Object>();
      auto has = [&](const char* name) { return given.Get(name).ToBoolean().Value(); };
      CpuFeatures features = {.sve = has("sve"),
                              .pauth = has("pauth"),
                              .pmu = has("pmu"),
                              .mte = has("mte"),
                              .el1_is_32_bit = has("el1Is32Bit"),
                              .amx = has("amx")};
      if (given.Get("sve").IsNumber()) features.sve_bits = FromJs<uint32_t>(given.Get("sve"));
      owned_ = std::make_shared<Vm>(info[0].ToNumber().Uint32Value(), features,
                                    info[2].ToNumber().Uint32Value(), info[3].ToBoolean());
      arch::OfferHypercalls(*owned_);
    });
  }

  // KVM keeps a vCPU's number even when its descriptor is closed.
  unsigned TakeVcpuId() { return next_vcpu_id_++; }

 private:
  // EventfdLimits of src/vm/eventfd.ts.
  static Napi::Object EventfdLimits(Vm& vm, Napi::Env env) {
    auto has = [&](unsigned capability) { return vm.system().Check(capability) > 0; };
    Napi::Object limits = Napi::Object::New(env);
    limits.Set("ioeventfd", has(KVM_CAP_IOEVENTFD));
    limits.Set("anyLength", has(KVM_CAP_IOEVENTFD_ANY_LENGTH));
    limits.Set("irqfd", has(KVM_CAP_IRQFD));
    limits.Set("resample", has(KVM_CAP_IRQFD_RESAMPLE));
    limits.Set("messages", has(KVM_CAP_IRQ_ROUTING) && !arch::InputRoutes(vm).empty());
    return limits;
  }

  // `value`: a bigint, or undefined.
  static void SetIoeventfd(Vm& vm, Eventfd& eventfd, bool is_on, bool is_port, uint64_t address,
                           uint32_t length, Napi::Value value) {
    IoeventfdPlace place = {is_port, address, length, value.IsBigInt(), 0};
    bool lossless;
    if (place.has_value) place.value = value.As<Napi::BigInt>().Uint64Value(&lossless);
    vm.SetIoeventfd(place, eventfd, is_on);
  }

  // `resample`: an Eventfd, or undefined.
  static void SetIrqfd(Vm& vm, Eventfd& eventfd, bool is_on, uint32_t gsi, Napi::Value resample) {
    const Eventfd* other = resample.IsUndefined() ? nullptr : &FromJs<Eventfd&>(resample);
    vm.SetIrqfd(gsi, eventfd, other, is_on);
  }

  // `device`: a number, or undefined.
  static Message ToMessage(uint64_t address, uint32_t data, const Napi::Value& device) {
    Message message = {address, data, {}};
    if (device.IsNumber()) message.device = FromJs<uint32_t>(device);
    return message;
  }

  static bool SignalMsi(Vm& vm, uint64_t address, uint32_t data, Napi::Value device) {
    return vm.SignalMsi(ToMessage(address, data, device));
  }

  static uint32_t AddMessage(Vm& vm, uint64_t address, uint32_t data, Napi::Value device) {
    return vm.AddMessage(ToMessage(address, data, device));
  }

  static void SetInputMessage(Vm& vm, uint32_t gsi, uint64_t address, uint32_t data) {
    vm.SetInputMessage(gsi, {address, data, {}});
  }

  static uint32_t AddLatch(Vm& vm, bool is_port, uint64_t address, uint32_t size) {
    return vm.devices().AddLatch(is_port, address, size);
  }

  static void SetLatch(Vm& vm, uint32_t row, uint32_t value) { vm.devices().SetLatch(row, value); }

  static uint32_t AddStatus(Vm& vm, bool is_port, uint64_t status, uint64_t acknowledge,
                            uint32_t gsi) {
    return vm.devices().AddStatus(is_port, status, acknowledge, gsi);
  }

  static void ChangeStatus(Vm& vm, uint32_t row, uint32_t set, uint32_t clear) {
    vm.devices().ChangeStatus(row, set, clear);
  }

  static uint32_t Status(Vm& vm, uint32_t row) { return vm.devices().value(row); }

  static uint32_t AddPosted(Vm& vm, bool is_port, uint64_t first, uint64_t length) {
    return vm.devices().AddPosted(is_port, first, length);
  }

  static void CallListener(napi_env env, napi_value listener, void*, void*) {
    napi_value self;
    // SAFETY: Node-API calls this on JavaScript's thread, in a scope of handles; env is null while the environment ends.
    if (env == nullptr || napi_get_undefined(env, &self) != napi_ok) return;
    // SAFETY: as above. What the listener throws is JavaScript's to report.
    napi_call_function(env, self, listener, 0, nullptr, nullptr);
  }

  // `listener` is called when there is something to take. Keeps no process alive.
  void OnPosted(Napi::Value listener) {
    posted_ = std::make_shared<WayBack>(Env(), "hv stores", CallListener, listener);
    Get()->devices().OnPosted([bell = posted_] { bell->Call(nullptr); });
  }

  // Returns how many; four words each: row, offset, size, value.
  static size_t TakePosted(Vm& vm, Napi::Uint32Array out) {
    constexpr size_t kWords = sizeof(DeviceTable::Store) / sizeof(uint32_t);
    if (out.ElementLength() < DeviceTable::kMaxPosted * kWords) throw std::out_of_range("stores");
    std::vector<DeviceTable::Store> stores = vm.devices().Take();
    std::memcpy(out.Data(), stores.data(), stores.size() * sizeof(DeviceTable::Store));
    return stores.size();
  }

  void Dispose() {
    owned_.reset();
    posted_.reset();
  }

  std::shared_ptr<WayBack> posted_;
  unsigned next_vcpu_id_ = 0;
};

int AllowTiles() { return arch::AllowTiles(System()); }

// VmLimits of src/vm/addon.ts. Other architectures' capabilities are 0.
Napi::Object VmLimits(Napi::Env env) {
  System system;
  Napi::Object limits = Napi::Object::New(env);
  limits.Set("ipaBits", system.Check(KVM_CAP_ARM_VM_IPA_SIZE));
  limits.Set("hasEl2", system.Check(kCapArmEl2) > 0);
  return limits;
}

// Opens a TAP interface (Linux, Documentation/networking/tuntap.rst): a descriptor that does not block, with a header of virtio 1's before
// each frame. A missing interface is made, if this user may.
int OpenTap(const std::string& name) {
  struct ifreq request = {};
  if (name.empty() || name.size() >= sizeof(request.ifr_name))
    throw std::system_error(EINVAL, std::generic_category(), "openTap");
  name.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  Fd fd(Check(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "/dev/net/tun"));
  Check(::ioctl(fd.get(), TUNSETIFF, &request), "TUNSETIFF");
  // struct virtio_net_hdr_mrg_rxbuf of linux/virtio_net.h, which C++ cannot include.
  int header_bytes = 12;
  Check(::ioctl(fd.get(), TUNSETVNETHDRSZ, &header_bytes), "TUNSETVNETHDRSZ");
  return ThreadFds::Lend(std::move(fd));
}

// What the interface may leave to whoever reads its frames: TUN_F_ flags.
void SetTapOffloads(int fd, unsigned flags) {
  Check(::ioctl(fd, TUNSETOFFLOAD, static_cast<unsigned long>(flags)), "TUNSETOFFLOAD");
}

// The IPv4 address of an interface of this host, as `10.0.1.1/24`. Throws EADDRNOTAVAIL where there is none.
std::string InterfaceAddress(const std::string& name) {
  struct ifreq request = {};
  if (name.empty() || name.size() >= sizeof(request.ifr_name))
    throw std::system_error(EINVAL, std::generic_category(), "interfaceAddress");
  name.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
  Fd any(Check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
  auto ask = [&](unsigned long command, const char* what) {
    Check(::ioctl(any.get(), command, &request), what);
    sockaddr_in found;
    std::memcpy(&found, &request.ifr_addr, sizeof(found));
    return found.sin_addr;
  };
  const in_addr address = ask(SIOCGIFADDR, "SIOCGIFADDR");
  const int prefix = std::popcount(ask(SIOCGIFNETMASK, "SIOCGIFNETMASK").s_addr);
  char text[INET_ADDRSTRLEN];
  ::inet_ntop(AF_INET, &address, text, sizeof(text));
  return std::string(text) + "/" + std::to_string(prefix);
}

}  // namespace

template <>
std::shared_ptr<Vm> FromJs(const Napi::Value& value) {
  return VmObject::Unwrap(value.As<Napi::Object>())->Get();
}

unsigned TakeVcpuId(const Napi::Value& value) {
  return VmObject::Unwrap(value.As<Napi::Object>())->TakeVcpuId();
}

void ExportVm(Napi::Env env, Napi::Object exports) {
  exports.Set("Vm", VmObject::Define(env));
  exports.Set("pageBytes", ::sysconf(_SC_PAGESIZE));
  Export<HoldKvm>(exports, "holdKvm");
  Export<DropKvm>(exports, "dropKvm");
  Export<AllowTiles>(exports, "allowTiles");
  Export<VmLimits>(exports, "vmLimits");
  Export<[](uint32_t capability) { return System().Check(capability); }>(exports, "checkExtension");
  Export<OpenTap>(exports, "openTap");
  Export<SetTapOffloads>(exports, "setTapOffloads");
  Export<InterfaceAddress>(exports, "interfaceAddress");
}

}  // namespace hv
