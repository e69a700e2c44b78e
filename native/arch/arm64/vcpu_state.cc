// vcpu_state.cc: all of a vCPU's state, in the order in which it is restored (api.rst, section 4).

#include <linux/kvm.h>

#include "arch/arch.h"
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

Bytes ReadVectors(Vcpu& vcpu) { return ReadFpState(vcpu); }
void WriteVectors(Vcpu& vcpu, const Bytes& bytes) {
  WriteFpState(vcpu, bytes.data(), bytes.size());
}

}  // namespace hv::arch
