// user_registers.h: the registers of a program, as the sentry sees them.
#pragma once

#include <array>
#include <cstdint>

namespace hv {

// Linux's user_pt_regs in its order, and TPIDR_EL0.
enum UserRegister {
  kRegX0 = 0,
  kRegX1 = 1,
  kRegX7 = 7,
  kRegX8 = 8,
  kRegSp = 31,
  kRegPc = 32,
  kRegPstate = 33,
  kRegTpidr = 34,
  kUserRegisters = 35,
};
// By their roles, as on every architecture; the last two: what hv_stub_calls (shim/arm64/stub.S) is to do.
constexpr UserRegister kRegResult = kRegX0, kRegStackPointer = kRegSp, kRegProgramCounter = kRegPc;
constexpr unsigned kRegCalls = 19, kRegCallCount = 20;

using UserRegisters = std::array<uint64_t, kUserRegisters>;

}  // namespace hv
