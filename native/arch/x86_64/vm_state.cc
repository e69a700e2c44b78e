// vm_state.cc: interrupt controllers and clocks in KVM's form: local APIC, PIC, IOAPIC, PIT, kvmclock (api.rst, section 4).

#include <linux/kvm.h>

#include "arch/arch.h"
#include "kvm/state.h"
#include "kvm/vcpu.h"

namespace hv::arch {
namespace {

Bytes GetClock(Vm& vm) {
  if (vm.system().Check(KVM_CAP_ADJUST_CLOCK) <= 0) return {};
  return GetStruct<kvm_clock_data>(vm.fd(), KVM_GET_CLOCK, "KVM_GET_CLOCK");
}

// The clock goes on from where it was: the flags would add the time since.
void PutClock(Vm& vm, const Bytes& bytes) {
  kvm_clock_data saved = ToStruct<kvm_clock_data>(bytes);
  kvm_clock_data clock = {};
  clock.clock = saved.clock;
  Ioctl(vm.fd(), KVM_SET_CLOCK, "KVM_SET_CLOCK", &clock);
}

// Local APICs are vCPUs' parts.
bool HasChips(const Vm& vm) { return vm.has_interrupt_controller() && !vm.has_split_controller(); }

template <uint32_t id>
Bytes GetChip(Vm& vm) {
  if (!HasChips(vm)) return {};
  kvm_irqchip chip = {};
  chip.chip_id = id;
  Ioctl(vm.fd(), KVM_GET_IRQCHIP, "KVM_GET_IRQCHIP", &chip);
  Bytes bytes(sizeof(chip.chip));
  std::memcpy(bytes.data(), &chip.chip, sizeof(chip.chip));
  return bytes;
}

template <uint32_t id>
void PutChip(Vm& vm, const Bytes& bytes) {
  kvm_irqchip chip = {};
  CheckLength(bytes, sizeof(chip.chip));
  chip.chip_id = id;
  std::memcpy(&chip.chip, bytes.data(), sizeof(chip.chip));
  Ioctl(vm.fd(), KVM_SET_IRQCHIP, "KVM_SET_IRQCHIP", &chip);
}

Bytes GetTimer(Vm& vm) {
  if (!HasChips(vm)) return {};
  return GetStruct<kvm_pit_state2>(vm.fd(), KVM_GET_PIT2, "KVM_GET_PIT2");
}

void PutTimer(Vm& vm, const Bytes& bytes) {
  SetStruct<kvm_pit_state2>(vm.fd(), KVM_SET_PIT2, "KVM_SET_PIT2", bytes);
}

}  // namespace

Bytes ReadLocalController(Vcpu& vcpu) {
  if (!vcpu.vm().has_interrupt_controller()) return {};
  return GetStruct<kvm_lapic_state>(vcpu.fd(), KVM_GET_LAPIC, "KVM_GET_LAPIC");
}

void WriteLocalController(Vcpu& vcpu, const Bytes& bytes) {
  SetStruct<kvm_lapic_state>(vcpu.fd(), KVM_SET_LAPIC, "KVM_SET_LAPIC", bytes);
}

const std::vector<StatePart<Vm>>& VmParts() {
  static const std::vector<StatePart<Vm>> parts = {
      {"clock", GetClock, PutClock},
      {"pic-master", GetChip<KVM_IRQCHIP_PIC_MASTER>, PutChip<KVM_IRQCHIP_PIC_MASTER>},
      {"pic-slave", GetChip<KVM_IRQCHIP_PIC_SLAVE>, PutChip<KVM_IRQCHIP_PIC_SLAVE>},
      {"ioapic", GetChip<KVM_IRQCHIP_IOAPIC>, PutChip<KVM_IRQCHIP_IOAPIC>},
      {"pit", GetTimer, PutTimer},
  };
  return parts;
}

}  // namespace hv::arch
