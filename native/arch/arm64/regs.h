// regs.h: registers through KVM_GET_ONE_REG and KVM_SET_ONE_REG, and what EL0 needs set.
#pragma once

#include <linux/kvm.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "arch/arm64/user_registers.h"
#include "kvm/vcpu.h"

namespace hv {

// PSTATE: EL1 with its own stack pointer, everything masked (Arm ARM C5.2.19, SPSR_EL1).
constexpr uint64_t kKernelPstate = 0x3c5;
constexpr uint64_t kExceptionLevelMask = 0xc;
// What a program may set: N Z C V, DIT, SSBS. All else is 0: EL0, AArch64, nothing masked.
constexpr uint64_t kUserPstate = 0xf0000000 | (1u << 24) | (1u << 12);

// ESR_EL1.EC of a trapped WFI or WFE.
constexpr uint64_t kWfxClass = 0x01;
constexpr unsigned kClassShift = 26;
constexpr uint64_t kClassMask = 0x3f;
constexpr uint64_t kInstructionSize = 4;

// A register of struct kvm_regs (api.rst, 4.68 KVM_SET_ONE_REG, "arm64 core registers").
constexpr uint64_t CoreRegister(size_t offset) {
  return KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | offset / sizeof(uint32_t);
}
#define HV_CORE(field) ::hv::CoreRegister(offsetof(kvm_regs, field))

constexpr uint64_t kTtbr0El1 = ARM64_SYS_REG(3, 0, 2, 0, 0);
constexpr uint64_t kTpidrEl0 = ARM64_SYS_REG(3, 3, 13, 0, 2);

// Throw a std::system_error that names `what`.
uint64_t GetRegister(const Vcpu& vcpu, uint64_t id, const char* what = "KVM_GET_ONE_REG");
void SetRegister(const Vcpu& vcpu, uint64_t id, uint64_t value,
                 const char* what = "KVM_SET_ONE_REG");

// Turns the MMU on from the first instruction: with it off, data accesses bypass the caches that the host wrote through.
// `kernel_table` for TTBR1_EL1, `vectors` for VBAR_EL1, `stack` for SP_EL1.
void InitSystem(Vcpu& vcpu, uint64_t kernel_table, uint64_t vectors, uint64_t stack);

// Gives the VM the host's counter instead of one that starts at 0. False: KVM is too old (before 6.4).
bool UseHostCycles(Vcpu& vcpu);

// struct user_fpsimd_state.
std::vector<uint8_t> ReadFpState(const Vcpu& vcpu);
// Throws std::system_error EINVAL when it is too short, or KVM refuses it.
void WriteFpState(const Vcpu& vcpu, const uint8_t* area, size_t size);

}  // namespace hv
