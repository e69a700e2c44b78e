// tracee.h: what each architecture's folder provides to native/ptrace: a tracee's registers, its calls and its signal frames.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "arch/trap_record.h"
#if defined(__x86_64__)
#include "arch/x86_64/user_registers.h"
#elif defined(__aarch64__)
#include "arch/arm64/user_registers.h"
#endif

namespace hv::arch {

// Where a stub lies; addresses that programs can have end there.
uint64_t StubAddress();
// The end of a process's addresses.
uint64_t UserEnd();
// The machine of the stub's ELF image: EM_*.
extern const uint16_t kElfMachine;
// seccomp_data.arch, see seccomp(2).
extern const uint32_t kAuditArch;
// ptrace's register set of the processor's floating-point state: NT_*.
extern const int kFpRegisterSet;
// The page of the kernel's half where a jump is a call, which Linux makes without PTRACE_SYSEMU's stop: x86_64's vsyscall page. On
// arm64 no instruction can be there.
constexpr uint64_t kVsyscallPage =
#if defined(__x86_64__)
    0xffffffffff600000;
#else
    ~uint64_t{0xfff};
#endif
// Removes what no program is given.
void TrimFpState(std::vector<uint8_t>& state);

// The registers of a stopped tracee. Throw std::system_error; ESRCH: it is gone.
void GetRegisters(pid_t pid, UserRegisters& registers);
void SetRegisters(pid_t pid, const UserRegisters& registers);
// What GetRegisters and SetRegisters leave out, because a stub's calls do not change it.
void GetThreadPointer(pid_t pid, UserRegisters& registers);
void SetThreadPointer(pid_t pid, const UserRegisters& registers);
// Sets the result of the call that it stopped in.
void SetResult(pid_t pid, int64_t result);
// After the filter stopped the tracee before a call: the call will not be made.
void SkipCall(pid_t pid);

inline void StoreResult(UserRegisters& registers, int64_t result) {
  registers[kRegResult] = static_cast<uint64_t>(result);
}

// True: it stopped in a call of this architecture's 64-bit programs. If not, the registers and the record become those of the fault
// that the instruction would cause in a VM.
bool IsCall(UserRegisters& registers, TrapRecord& record);
// Stores number and arguments into a trap frame (shim/abi.h).
void StoreCall(const UserRegisters& registers, uint8_t* frame);
// Linux hides a register while a tracee is stopped in a call: takes it from `later`, read at a later stop in the stub.
void RestoreHidden(UserRegisters& registers, const UserRegisters& later);
constexpr bool kCallStopHides =
#if defined(__aarch64__)
    true;
#else
    false;
#endif

// A signal handler is entered with a new floating-point state.
constexpr bool kHandlerResetsFpState =
#if defined(__x86_64__)
    true;
#else
    false;
#endif

// Registers with which hv_stub_calls (shim/*/stub.S) at `entry` makes the `count` calls at `calls`.
inline UserRegisters CallRegisters(uint64_t entry, uint64_t calls, size_t count) {
  UserRegisters registers = {};
  registers[kRegProgramCounter] = entry;
  registers[kRegCalls] = calls;
  registers[kRegCallCount] = count;
  return registers;
}
// The result of the last call made.
inline int64_t CallResult(const UserRegisters& registers) {
  return static_cast<int64_t>(registers[kRegResult]);
}

// Reads the signal frame that a handler was entered with, from a copy of the stack that begins at `stack_address`, and completes the
// record with what it says about the fault. False: there is none.
bool ReadSignalFrame(const UserRegisters& registers, const uint8_t* stack, size_t size,
                     uint64_t stack_address, TrapRecord& record);

}  // namespace hv::arch
