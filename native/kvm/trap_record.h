// trap_record.h: why a context stopped, as JavaScript reads it. The same on every architecture.
#ifndef HV_KVM_TRAP_RECORD_H_
#define HV_KVM_TRAP_RECORD_H_

#include <cstdint>

namespace hv {

// The numbers are src/platform/platform.ts's EVENT_*.
enum class Trap : int {
  kSyscall = 1,
  kFault = 2,
  kInterrupted = 3,
  kDead = 6,
  kResumed = 0,  // handled here: the program runs on
};

// One host-only page of the supervisor region. src/platform/kvm/context.ts repeats the offsets.
struct TrapRecord {
  uint32_t command;     // see runner.cc
  uint32_t stopped;     // a Trap, 0 while it runs
  uint32_t vector;      // x86_64: the exception's vector; arm64: its class, ESR_EL1.EC
  uint32_t error_code;  // arm64: ESR_EL1
  uint64_t address;     // CR2, FAR_EL1
  uint64_t program_counter;
  uint32_t host_error;   // kDead: errno of KVM_RUN, or 0
  uint32_t exit_reason;  // kDead: KVM's
};

}  // namespace hv

#endif  // HV_KVM_TRAP_RECORD_H_
