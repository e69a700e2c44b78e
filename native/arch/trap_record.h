// trap_record.h: why a context stopped, as JavaScript reads it. The same on every architecture.
#pragma once

#include <cstdint>

namespace hv {

// The numbers are those of EVENT_* in src/platform/platform.ts.
enum class Trap : int {
  kSyscall = 1,
  kFault = 2,
  kInterrupted = 3,
  kDead = 6,
  kResumed = 0,  // handled here: the program runs on
};

// Host-only memory, one for each context or, on KVM, Cpu. src/platform/trap-words.ts repeats the offsets.
struct TrapRecord {
  uint32_t command;     // see kvm/runner.cc
  uint32_t stopped;     // a Trap, 0 while it runs
  uint32_t vector;      // x86_64: the exception's vector; arm64: its class, ESR_EL1.EC
  uint32_t error_code;  // arm64: ESR_EL1
  uint64_t address;     // CR2, FAR_EL1; on ptrace si_addr
  uint64_t program_counter;
  uint32_t host_error;   // kDead: errno of KVM_RUN or ptrace, or 0
  uint32_t exit_reason;  // kDead: KVM's; on ptrace the signal that killed the tracee
  // ptrace alone: what the kernel said about a fault. The vector and error code are known only after Explain.
  int32_t signal;
  int32_t code;
};

}  // namespace hv
