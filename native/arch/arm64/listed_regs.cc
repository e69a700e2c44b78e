// listed_regs.cc: all registers that KVM lists, one after another (api.rst, KVM_GET_REG_LIST, KVM_GET_ONE_REG).

#include "arch/arm64/listed_regs.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstdio>

#include "arch/arch.h"

namespace hv {
namespace arm64 {
namespace {

// KVM_REG_SIZE_U2048.
constexpr size_t kMaxSize = 256;

size_t SizeOf(uint64_t id) { return size_t{1} << ((id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT); }

std::vector<uint64_t> RegisterIds(const Vcpu& vcpu) {
  constexpr size_t kMax = 4096;
  std::vector<uint64_t> buffer(1 + kMax);
  buffer[0] = kMax;
  Ioctl(vcpu.fd(), KVM_GET_REG_LIST, "KVM_GET_REG_LIST", buffer.data());
  return {buffer.begin() + 1, buffer.begin() + 1 + static_cast<ptrdiff_t>(buffer[0])};
}

bool Transfer(const Vcpu& vcpu, unsigned long request, uint64_t id, const uint8_t* value) {
  kvm_one_reg one = {id, AddressOf(value)};
  return ::ioctl(vcpu.fd(), request, &one) == 0;
}

std::system_error Refused(uint64_t id, const char* doing) {
  int error = errno;
  char text[80];
  std::snprintf(text, sizeof(text), "KVM does not %s register 0x%llx", doing,
                static_cast<unsigned long long>(id));
  return std::system_error(error, std::generic_category(), text);
}

// At a VM's first run KVM removes GICv3's system registers from the features if the VM has none.
uint64_t SettledLater(uint64_t id) {
  constexpr uint64_t kIdAa64Pfr0 = ARM64_SYS_REG(3, 0, 0, 4, 0),
                     kIdPfr1 = ARM64_SYS_REG(3, 0, 0, 1, 1);
  constexpr uint64_t kField = 0xf;
  return id == kIdAa64Pfr0 ? kField << 24 : id == kIdPfr1 ? kField << 28 : 0;
}

bool IsSame(uint64_t id, const uint8_t* own, const uint8_t* value) {
  if (SizeOf(id) != sizeof(uint64_t)) return std::memcmp(own, value, SizeOf(id)) == 0;
  uint64_t words[2];
  std::memcpy(&words[0], own, sizeof(uint64_t));
  std::memcpy(&words[1], value, sizeof(uint64_t));
  return ((words[0] ^ words[1]) & ~SettledLater(id)) == 0;
}

void Write(const Vcpu& vcpu, uint64_t id, const uint8_t* value) {
  if (Transfer(vcpu, KVM_SET_ONE_REG, id, value)) return;
  std::system_error refused = Refused(id, "set");
  uint8_t own[kMaxSize];
  // Registers that describe the processor cannot be set: writing the value that they have is no failure.
  if (Transfer(vcpu, KVM_GET_ONE_REG, id, own) && IsSame(id, own, value)) return;
  throw refused;
}

}  // namespace

Bytes ReadAllRegisters(Vcpu& vcpu) {
  Bytes bytes;
  for (uint64_t id : RegisterIds(vcpu)) {
    size_t at = bytes.size();
    bytes.resize(at + sizeof(id) + SizeOf(id));
    std::memcpy(&bytes[at], &id, sizeof(id));
    if (!Transfer(vcpu, KVM_GET_ONE_REG, id, &bytes[at + sizeof(id)])) throw Refused(id, "read");
  }
  return bytes;
}

void WriteAllRegisters(Vcpu& vcpu, const Bytes& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    uint64_t id;
    if (bytes.size() - at < sizeof(id)) throw std::invalid_argument("it ends within a register");
    std::memcpy(&id, &bytes[at], sizeof(id));
    at += sizeof(id);
    size_t size = SizeOf(id);
    if (size > kMaxSize || size > bytes.size() - at) {
      throw std::invalid_argument("it ends within a register");
    }
    uint8_t value[kMaxSize];
    std::memcpy(value, &bytes[at], size);
    Write(vcpu, id, value);
    at += size;
  }
}

}  // namespace arm64

namespace arch {
namespace {

std::system_error NoMsrs() {
  return std::system_error(EOPNOTSUPP, std::generic_category(), "model-specific registers");
}

}  // namespace

std::vector<uint32_t> MsrIndexes(const System&) { return {}; }
uint64_t ReadMsr(const Vcpu&, uint32_t) { throw NoMsrs(); }
void WriteMsr(const Vcpu&, uint32_t, uint64_t) { throw NoMsrs(); }

}  // namespace arch
}  // namespace hv
