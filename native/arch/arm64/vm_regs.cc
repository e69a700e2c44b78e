// vm_regs.cc: a table of names for KVM_GET_ONE_REG and KVM_SET_ONE_REG (api.rst, section 4.68).

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cstddef>
#include <stdexcept>

#include "arch/arch.h"
#include "arch/arm64/regs.h"
#include "kvm/vcpu.h"

namespace hv::arch {
namespace {

struct Register {
  std::string name;
  uint64_t id;
};

#define CORE(name, member) {name, HV_CORE(member)}
// Op0, Op1, CRn, CRm, Op2 as in the Arm ARM, D24.
#define SYSTEM(name, ...) {#name, ARM64_SYS_REG(__VA_ARGS__)}

std::vector<Register> MakeRegisters() {
  std::vector<Register> registers;
  // AnswerHypercall and FetchHypercall rely on these being first.
  for (unsigned i = 0; i <= 30; i++) {
    registers.push_back(
        {"x" + std::to_string(i), CoreRegister(offsetof(kvm_regs, regs.regs[0]) + 8 * i)});
  }
  const Register rest[] = {
      CORE("sp_el0", regs.sp),
      CORE("pc", regs.pc),
      CORE("pstate", regs.pstate),
      CORE("sp_el1", sp_el1),
      CORE("elr_el1", elr_el1),
      CORE("spsr_el1", spsr[KVM_SPSR_EL1]),
      SYSTEM(sctlr_el1, 3, 0, 1, 0, 0),
      SYSTEM(cpacr_el1, 3, 0, 1, 0, 2),
      SYSTEM(ttbr0_el1, 3, 0, 2, 0, 0),
      SYSTEM(ttbr1_el1, 3, 0, 2, 0, 1),
      SYSTEM(tcr_el1, 3, 0, 2, 0, 2),
      SYSTEM(mair_el1, 3, 0, 10, 2, 0),
      SYSTEM(vbar_el1, 3, 0, 12, 0, 0),
      SYSTEM(esr_el1, 3, 0, 5, 2, 0),
      SYSTEM(far_el1, 3, 0, 6, 0, 0),
      SYSTEM(par_el1, 3, 0, 7, 4, 0),
      SYSTEM(contextidr_el1, 3, 0, 13, 0, 1),
      SYSTEM(tpidr_el0, 3, 3, 13, 0, 2),
      SYSTEM(tpidrro_el0, 3, 3, 13, 0, 3),
      SYSTEM(tpidr_el1, 3, 0, 13, 0, 4),
      SYSTEM(cntkctl_el1, 3, 0, 14, 1, 0),
      // KVM's own numbers: it swapped two of them.
      {"cntvct_el0", KVM_REG_ARM_TIMER_CNT},
      {"cntv_ctl_el0", KVM_REG_ARM_TIMER_CTL},
      {"cntv_cval_el0", KVM_REG_ARM_TIMER_CVAL},
      SYSTEM(midr_el1, 3, 0, 0, 0, 0),
      SYSTEM(mpidr_el1, 3, 0, 0, 0, 5),
      SYSTEM(id_aa64pfr0_el1, 3, 0, 0, 4, 0),
      SYSTEM(id_aa64pfr1_el1, 3, 0, 0, 4, 1),
      SYSTEM(id_aa64isar0_el1, 3, 0, 0, 6, 0),
      SYSTEM(id_aa64isar1_el1, 3, 0, 0, 6, 1),
      SYSTEM(id_aa64mmfr0_el1, 3, 0, 0, 7, 0),
      SYSTEM(id_aa64mmfr1_el1, 3, 0, 0, 7, 1),
      SYSTEM(id_aa64mmfr2_el1, 3, 0, 0, 7, 2),
      // From here on, only where the vCPU has EL2.
      SYSTEM(hcr_el2, 3, 4, 1, 1, 0),
      SYSTEM(sctlr_el2, 3, 4, 1, 0, 0),
      SYSTEM(cptr_el2, 3, 4, 1, 1, 2),
      SYSTEM(ttbr0_el2, 3, 4, 2, 0, 0),
      SYSTEM(ttbr1_el2, 3, 4, 2, 0, 1),
      SYSTEM(tcr_el2, 3, 4, 2, 0, 2),
      SYSTEM(vttbr_el2, 3, 4, 2, 1, 0),
      SYSTEM(vtcr_el2, 3, 4, 2, 1, 2),
      SYSTEM(mair_el2, 3, 4, 10, 2, 0),
      SYSTEM(vbar_el2, 3, 4, 12, 0, 0),
      SYSTEM(esr_el2, 3, 4, 5, 2, 0),
      SYSTEM(far_el2, 3, 4, 6, 0, 0),
      SYSTEM(hpfar_el2, 3, 4, 6, 0, 4),
      SYSTEM(elr_el2, 3, 4, 4, 0, 1),
      SYSTEM(spsr_el2, 3, 4, 4, 0, 0),
      SYSTEM(sp_el2, 3, 6, 4, 1, 0),
      SYSTEM(tpidr_el2, 3, 4, 13, 0, 2),
      SYSTEM(cnthctl_el2, 3, 4, 14, 1, 0),
  };
  registers.insert(registers.end(), std::begin(rest), std::end(rest));
  return registers;
}

const std::vector<Register>& Registers() {
  static const std::vector<Register> registers = MakeRegisters();
  return registers;
}

size_t CountWithoutEl2() {
  size_t count = 0;
  while (Registers()[count].name != "hcr_el2") count++;
  return count;
}

const Register& At(const Vcpu& vcpu, uint32_t index) {
  if (index >= RegisterCount(vcpu)) throw std::out_of_range("this vCPU has no such register");
  return Registers()[index];
}

void Set(const Vcpu& vcpu, const Register& target, uint64_t value) {
  SetRegister(vcpu, target.id, value, target.name.c_str());
}

}  // namespace

std::vector<std::string> RegisterNames() {
  std::vector<std::string> names;
  for (const Register& each : Registers()) names.push_back(each.name);
  return names;
}

size_t RegisterCount(const Vcpu& vcpu) {
  static const size_t without_el2 = CountWithoutEl2();
  return vcpu.options().has_el2 ? Registers().size() : without_el2;
}

void ReadRegisters(const Vcpu& vcpu, const uint32_t* indexes, size_t count, uint64_t* values) {
  for (size_t i = 0; i < count; i++) {
    const Register& source = At(vcpu, indexes[i]);
    values[i] = GetRegister(vcpu, source.id, source.name.c_str());
  }
}

void WriteRegisters(const Vcpu& vcpu, const uint32_t* indexes, size_t count,
                    const uint64_t* values) {
  std::vector<uint64_t> before(count);
  ReadRegisters(vcpu, indexes, count, before.data());
  size_t done = 0;
  try {
    for (; done < count; done++) Set(vcpu, At(vcpu, indexes[done]), values[done]);
  } catch (...) {
    // KVM accepts the values that it gave.
    while (done-- > 0) Set(vcpu, At(vcpu, indexes[done]), before[done]);
    throw;
  }
}

}  // namespace hv::arch
