// vcpu_state.cc: all of a vCPU's state, in the order in which it is restored (api.rst, section 4).

#include <linux/kvm.h>

#include "arch/arch.h"
#include "arch/arm64/boot.h"
#include "arch/arm64/listed_regs.h"
#include "arch/arm64/regs.h"
#include "kvm/state.h"
#include "kvm/vcpu.h"

namespace hv::arch {
namespace {

// A pending SError, which no register shows.
Bytes GetEvents(Vcpu& vcpu) {
  if (vcpu.vm().system().Check(KVM_CAP_VCPU_EVENTS) <= 0) return {};
  return GetStruct<kvm_vcpu_events>(vcpu.fd(), KVM_GET_VCPU_EVENTS, "KVM_GET_VCPU_EVENTS");
}

void PutEvents(Vcpu& vcpu, const Bytes& bytes) {
  SetStruct<kvm_vcpu_events>(vcpu.fd(), KVM_SET_VCPU_EVENTS, "KVM_SET_VCPU_EVENTS", bytes);
}

Bytes GetRunning(Vcpu& vcpu) {
  return GetStruct<kvm_mp_state>(vcpu.fd(), KVM_GET_MP_STATE, "KVM_GET_MP_STATE");
}

void PutRunning(Vcpu& vcpu, const Bytes& bytes) {
  SetStruct<kvm_mp_state>(vcpu.fd(), KVM_SET_MP_STATE, "KVM_SET_MP_STATE", bytes);
}

// KVM_REG_SIZE_U2048: the longest vector of one KVM_REG_ARM64_SVE_ZREG. There are no further slices of any (api.rst).
constexpr size_t kSveMaxBytes = 256;

// Bytes of a Z register, as long as this vCPU's longest vector.
size_t VectorBytes(const Vcpu& vcpu) {
  const arm64::VectorLengths lengths = arm64::ReadVectorLengths(vcpu);
  unsigned units = kSveMaxBytes * 8 / arm64::kVectorUnitBits;
  while (!arm64::HasLength(lengths, units)) units--;
  return size_t{units} * arm64::kVectorUnitBits / 8;
}

// fpsr and fpcr, then Z0 to Z31, P0 to P15 and FFR without gaps; the last two have a bit for each byte of a Z. src/vm/vectors.ts reads it.
template <typename Visit>
void ForEachSveRegister(const Vcpu& vcpu, Visit visit) {
  constexpr uint64_t kWord = KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_CORE;
  visit(kWord | offsetof(kvm_regs, fp_regs.fpsr) / sizeof(uint32_t), 0, sizeof(uint32_t));
  visit(kWord | offsetof(kvm_regs, fp_regs.fpcr) / sizeof(uint32_t), 4, sizeof(uint32_t));
  const size_t z = VectorBytes(vcpu), p = z / 8;
  size_t offset = 2 * sizeof(uint32_t);
  auto next = [&](uint64_t id, size_t size) {
    visit(id, offset, size);
    offset += size;
  };
  for (unsigned i = 0; i < KVM_ARM64_SVE_NUM_ZREGS; i++) next(KVM_REG_ARM64_SVE_ZREG(i, 0), z);
  for (unsigned i = 0; i < KVM_ARM64_SVE_NUM_PREGS; i++) next(KVM_REG_ARM64_SVE_PREG(i, 0), p);
  next(KVM_REG_ARM64_SVE_FFR(0), p);
}

size_t SveAreaBytes(const Vcpu& vcpu) {
  size_t bytes = 0;
  ForEachSveRegister(vcpu, [&](uint64_t, size_t offset, size_t size) { bytes = offset + size; });
  return bytes;
}

}  // namespace

const std::vector<StatePart<Vcpu>>& VcpuParts() {
  static const std::vector<StatePart<Vcpu>> parts = {
      {"registers", arm64::ReadAllRegisters, arm64::WriteAllRegisters},
      {"gic", ReadLocalController, WriteLocalController},
      {"events", GetEvents, PutEvents},
      {"mp-state", GetRunning, PutRunning},
  };
  return parts;
}

Bytes OfferedCpuid(const System&) { return {}; }

Bytes ReadVectors(Vcpu& vcpu) {
  if (!vcpu.vm().features().sve) return ReadFpState(vcpu);
  Bytes area(SveAreaBytes(vcpu));
  ForEachSveRegister(vcpu, [&](uint64_t id, size_t offset, size_t size) {
    uint8_t value[kSveMaxBytes] = {};
    kvm_one_reg request = {id, AddressOf(value)};
    Ioctl(vcpu.fd(), KVM_GET_ONE_REG, "KVM_GET_ONE_REG", &request);
    std::memcpy(&area[offset], value, size);
  });
  return area;
}

std::vector<uint32_t> VectorOffsets() { return {}; }

void WriteVectors(Vcpu& vcpu, const Bytes& bytes) {
  if (!vcpu.vm().features().sve) return WriteFpState(vcpu, bytes.data(), bytes.size());
  CheckLength(bytes, SveAreaBytes(vcpu));
  ForEachSveRegister(vcpu, [&](uint64_t id, size_t offset, size_t size) {
    uint8_t value[kSveMaxBytes] = {};
    std::memcpy(value, &bytes[offset], size);
    kvm_one_reg request = {id, AddressOf(value)};
    Ioctl(vcpu.fd(), KVM_SET_ONE_REG, "KVM_SET_ONE_REG", &request);
  });
}

}  // namespace hv::arch
