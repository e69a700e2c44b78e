// regs.h: converts registers between KVM's structures and Linux's, and sets what ring 3 needs.
#pragma once

#include <linux/kvm.h>

#include <cstdint>
#include <vector>

#include "arch/x86_64/user_registers.h"
#include "kvm/vcpu.h"

namespace hv {

constexpr uint64_t kInterruptFlag = 0x200;
// What a program may set: CF PF AF ZF SF TF DF OF NT RF AC ID (Linux's FIX_EFLAGS and popf's ID); what it always has: bit 1, IF.
constexpr uint64_t kUserFlags = 0x254dd5;
constexpr uint64_t kFixedFlags = 0x202;

constexpr uint64_t kDebugVector = 1;
constexpr uint64_t kBreakpointVector = 3;
constexpr uint64_t kGeneralProtectionVector = 13;
constexpr uint64_t kPageFaultVector = 14;
constexpr uint32_t kUserFetchError = 0x14;
constexpr uint64_t kSyscallLength = 2;

UserRegisters FromKvmRegs(const kvm_regs& regs, const kvm_sregs& sregs);
void ToKvmRegs(const UserRegisters& user, kvm_regs& regs);
// Ring 0's code and stack segment, and the program's data segments.
void SetSegments(const UserRegisters& user, kvm_sregs& sregs);

// IDT, GDT and TSS of the Cpu whose window begins at `window`.
void InitPrivatePage(uint8_t* page, uint64_t window);
// Makes SYSCALL (SDM vol. 3, 5.8.8) go to `entry`.
void InitMsrs(Vcpu& vcpu, uint64_t entry);
// A program's floating-point state: XCR0, and the length of its XSAVE area in standard format (SDM vol. 1, 13.4).
struct FpLayout {
  uint64_t features;
  size_t bytes;
};

// Sets long mode with the protections that KVM offers here, and XSAVE if it offers that; tables in the private page at `tables`.
FpLayout InitSregs(Vcpu& vcpu, uint64_t tables);

// Gives the vCPU the host's time-stamp counter instead of one that starts at 0. False: KVM is too old (before 5.16).
bool UseHostCycles(Vcpu& vcpu);

// The XSAVE area, with its features noted where NT_X86_XSTATE has them.
std::vector<uint8_t> ReadFpState(const Vcpu& vcpu, const FpLayout& layout);
// Throws std::system_error EINVAL when KVM refuses it.
void WriteFpState(const Vcpu& vcpu, const uint8_t* area, size_t size);

}  // namespace hv
