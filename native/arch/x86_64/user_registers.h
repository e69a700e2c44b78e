// user_registers.h: the registers of a program, as the sentry sees them.
#pragma once

#include <array>
#include <cstdint>

namespace hv {

// Linux's user_regs_struct, in its order.
enum UserRegister {
  kRegR15,
  kRegR14,
  kRegR13,
  kRegR12,
  kRegRbp,
  kRegRbx,
  kRegR11,
  kRegR10,
  kRegR9,
  kRegR8,
  kRegRax,
  kRegRcx,
  kRegRdx,
  kRegRsi,
  kRegRdi,
  kRegOrigRax,
  kRegRip,
  kRegCs,
  kRegEflags,
  kRegRsp,
  kRegSs,
  kRegFsBase,
  kRegGsBase,
  kRegDs,
  kRegEs,
  kRegFs,
  kRegGs,
  kUserRegisters,
};
// By their roles, as on every architecture; the last two: what hv_stub_calls (shim/x86_64/stub.S) is to do.
constexpr UserRegister kRegResult = kRegRax, kRegStackPointer = kRegRsp,
                       kRegProgramCounter = kRegRip;
constexpr UserRegister kRegCalls = kRegRbx, kRegCallCount = kRegR12;

using UserRegisters = std::array<uint64_t, kUserRegisters>;

}  // namespace hv
