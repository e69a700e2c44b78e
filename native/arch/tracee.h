// tracee.h: what each architecture's folder gives native/ptrace: a tracee's registers, its calls and its signal frames.
#ifndef HV_ARCH_TRACEE_H_
#define HV_ARCH_TRACEE_H_

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

// Where a stub lies; user addresses end there.
uint64_t StubAddress();
// The end of a process's addresses.
uint64_t UserEnd();
// Of the stub's image: EM_*.
extern const uint16_t kElfMachine;
// seccomp_data.arch, see seccomp(2).
extern const uint32_t kAuditArch;
// The processor's floating-point state among ptrace's register sets: NT_*.
extern const int kFpRegisterSet;
// Page of the kernel's half where a jump is a call, which Linux makes without PTRACE_SYSEMU's stop: x86_64's vsyscall page. No
// instruction can be there on arm64.
constexpr uint64_t kVsyscallPage =
#if defined(__x86_64__)
    0xffffffffff600000;
#else
    ~uint64_t{0xfff};
#endif
// Takes away what no program is given.
void TrimFpState(std::vector<uint8_t>& state);

// Of a stopped tracee. Throw std::system_error; ESRCH: it is gone.
void GetRegisters(pid_t pid, UserRegisters& registers);
void SetRegisters(pid_t pid, const UserRegisters& registers);
// What GetRegisters and SetRegisters leave out, because a stub's calls do not change it.
void GetThreadPointer(pid_t pid, UserRegisters& registers);
void SetThreadPointer(pid_t pid, const UserRegisters& registers);
// The result of the call that it stopped in.
void SetResult(pid_t pid, int64_t result);
// Of a tracee that the filter stopped before a call: it will not be made.
void SkipCall(pid_t pid);

void StoreResult(UserRegisters& registers, int64_t result);
uint64_t ProgramCounter(const UserRegisters& registers);

// It stopped in a call of this architecture's 64-bit programs. Else the registers and the record are made those of the fault
// that the instruction would be in a VM.
bool IsCall(UserRegisters& registers, TrapRecord& record);
// Number and arguments into a trap frame (shim/abi.h).
void StoreCall(const UserRegisters& registers, uint8_t* frame);
// Linux hides a register while a tracee is stopped in a call: takes it from `later`, of a stop in the stub thereafter.
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

// Registers with which hv_stub_calls (shim/*/stub.S) at `entry` makes `count` calls that lie at `calls`.
UserRegisters CallRegisters(uint64_t entry, uint64_t calls, size_t count);
// Of the last call.
int64_t CallResult(const UserRegisters& registers);
size_t CallsLeft(const UserRegisters& registers);

// Registers with which Linux takes the top of the signal stack, whatever the program's stack pointer is.
UserRegisters WithoutStack(const UserRegisters& registers);
// The signal frame that a handler was entered with, in a copy of the stack that begins at `stack_address`: completes the record
// by what it says of the fault. False: there is none.
bool ReadSignalFrame(const UserRegisters& registers, const uint8_t* stack, size_t size,
                     uint64_t stack_address, TrapRecord& record);

}  // namespace hv::arch

#endif  // HV_ARCH_TRACEE_H_
