// check.cc: what `hv check` asks /dev/kvm: can it be opened, which API, which capabilities, does it make a VM, and
// which devices, attributes and registers that VM has. The numbers come from src/check, one list per architecture.

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "napi/bind.h"
#include "napi/exports.h"
#include "sys/fd.h"

namespace hv {
namespace {

struct KvmQuestions {
  std::vector<int> capabilities;
  std::vector<uint32_t> devices;
  std::vector<uint32_t> attributes;  // groups and attributes alternate
  std::vector<uint64_t> registers;
};

// An errno is 0 when the call succeeded or was not reached. Nothing throws: a refusal is the finding.
struct KvmProbe {
  int open_errno = 0;
  int api_version = -1;
  int create_vm_errno = 0;
  std::vector<int> extensions;
  // One errno for each question; empty when there was no VM to ask.
  std::vector<int> devices;
  std::vector<int> attributes;
  // One for each question, empty when there was no vCPU to ask or it has no such register.
  std::vector<std::optional<uint64_t>> registers;
  std::optional<uint64_t> guest_xfeatures;
};

int ErrnoOf(int result) { return result < 0 ? errno : 0; }

// Every architecture has type 0. On arm64 it means 40 bits of guest physical addresses, which KVM refuses on a
// processor with fewer (Documentation/virt/kvm/api.rst, 4.2): there the type is the number of bits.
int CreateVm(int kvm) {
  int vm = ::ioctl(kvm, KVM_CREATE_VM, 0UL);
  if (vm >= 0 || errno != EINVAL) return vm;
  int limit = ::ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);
  if (limit <= 0) {
    errno = EINVAL;
    return -1;
  }
  return ::ioctl(kvm, KVM_CREATE_VM, static_cast<unsigned long>(limit));
}

// struct kvm_vcpu_init and its ioctls as arm64 has them; elsewhere linux/kvm.h names a struct that does not exist.
struct VcpuInit {
  uint32_t target;
  uint32_t features[7];
};
constexpr unsigned long kVcpuInit = _IOW(KVMIO, 0xae, VcpuInit);
constexpr unsigned long kPreferredTarget = _IOR(KVMIO, 0xaf, VcpuInit);

// Reads the registers of a vCPU that never ran: they show what KVM would tell a guest.
std::vector<std::optional<uint64_t>> ReadRegisters(int vm, const std::vector<uint64_t>& registers) {
  std::vector<std::optional<uint64_t>> values(registers.size());
  Fd vcpu(::ioctl(vm, KVM_CREATE_VCPU, 0UL));
  VcpuInit init{};
  if (vcpu.get() < 0 || ::ioctl(vm, kPreferredTarget, &init) < 0) return values;
  if (::ioctl(vcpu.get(), kVcpuInit, &init) < 0) return values;
  for (size_t i = 0; i < registers.size(); i++) {
    uint64_t value = 0;
    // SAFETY: KVM writes as many bytes as the register's size field says: the caller asks for 64-bit ones only.
    kvm_one_reg ask{registers[i], reinterpret_cast<uintptr_t>(&value)};
    if (::ioctl(vcpu.get(), KVM_GET_ONE_REG, &ask) == 0) values[i] = value;
  }
  return values;
}

// XCR0's bits that KVM can give to guests (Documentation/virt/kvm/api.rst, 4.123), since Linux 5.17; empty on other architectures.
std::optional<uint64_t> GuestXfeatures(int kvm) {
  constexpr uint64_t kGuestSupported = 0;  // asm/kvm.h's KVM_X86_XCOMP_GUEST_SUPP
  uint64_t value = 0;
  // SAFETY: the attribute is 64 bits.
  kvm_device_attr attribute{0, 0, kGuestSupported, reinterpret_cast<uintptr_t>(&value)};
  if (::ioctl(kvm, KVM_GET_DEVICE_ATTR, &attribute) != 0) return std::nullopt;
  return value;
}

KvmProbe ProbeKvm(const std::string& path, const KvmQuestions& questions) {
  KvmProbe probe;
  Fd kvm(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (kvm.get() < 0) {
    probe.open_errno = errno;
    return probe;
  }
  probe.api_version = ::ioctl(kvm.get(), KVM_GET_API_VERSION, 0);
  for (int capability : questions.capabilities) {
    int value = ::ioctl(kvm.get(), KVM_CHECK_EXTENSION, capability);
    probe.extensions.push_back(value < 0 ? 0 : value);
  }
  probe.guest_xfeatures = GuestXfeatures(kvm.get());
  Fd vm(CreateVm(kvm.get()));
  if (vm.get() < 0) {
    probe.create_vm_errno = errno;
    return probe;
  }
  for (uint32_t type : questions.devices) {
    kvm_create_device device{type, 0, KVM_CREATE_DEVICE_TEST};
    probe.devices.push_back(ErrnoOf(::ioctl(vm.get(), KVM_CREATE_DEVICE, &device)));
  }
  for (size_t i = 0; i + 1 < questions.attributes.size(); i += 2) {
    kvm_device_attr attribute{0, questions.attributes[i], questions.attributes[i + 1], 0};
    probe.attributes.push_back(ErrnoOf(::ioctl(vm.get(), KVM_HAS_DEVICE_ATTR, &attribute)));
  }
  if (!questions.registers.empty()) probe.registers = ReadRegisters(vm.get(), questions.registers);
  return probe;
}

// A list of `more`; empty when that is missing.
template <typename Item>
std::vector<Item> ListOf(const Napi::Value& more, const char* name) {
  if (!more.IsObject()) return {};
  return FromJs<std::vector<Item>>(more.As<Napi::Object>().Get(name));
}

uint64_t ReadRegisterId(const Napi::Value& value) {
  if (!value.IsBigInt()) throw std::invalid_argument("a register's number is a bigint");
  bool lossless = false;
  uint64_t id = value.As<Napi::BigInt>().Uint64Value(&lossless);
  if (!lossless || (id & KVM_REG_SIZE_MASK) != KVM_REG_SIZE_U64) {
    throw std::invalid_argument("a register's number is KVM's, of a 64-bit register");
  }
  return id;
}

// `more`: KvmQuestions of src/check/addon.ts, or undefined. Returns its KvmProbe.
Napi::Object JsProbeKvm(const std::string& path, const std::vector<int>& capabilities,
                        Napi::Value more, Napi::Env env) {
  KvmQuestions questions = {
      capabilities, ListOf<uint32_t>(more, "devices"), ListOf<uint32_t>(more, "attributes"), {}};
  for (const Napi::Value& id : ListOf<Napi::Value>(more, "registers"))
    questions.registers.push_back(ReadRegisterId(id));

  KvmProbe probe = ProbeKvm(path, questions);
  auto to_number = [&](int value) { return Napi::Number::New(env, value); };
  auto to_register = [&](const std::optional<uint64_t>& value) -> Napi::Value {
    return value ? Napi::Value(Napi::BigInt::New(env, *value)) : env.Null();
  };
  Napi::Object record = Napi::Object::New(env);
  record.Set("openErrno", probe.open_errno);
  record.Set("apiVersion", probe.api_version);
  record.Set("createVmErrno", probe.create_vm_errno);
  record.Set("extensions", ToArray(env, probe.extensions, to_number));
  record.Set("devices", ToArray(env, probe.devices, to_number));
  record.Set("attributes", ToArray(env, probe.attributes, to_number));
  record.Set("registers", ToArray(env, probe.registers, to_register));
  record.Set("guestXfeatures", to_register(probe.guest_xfeatures));
  return record;
}

}  // namespace

void ExportCheck(Napi::Env, Napi::Object exports) { Export<JsProbeKvm>(exports, "probeKvm"); }

}  // namespace hv
