// exit.h: why KVM_RUN ended, in one shape on every architecture. src/vm/read-exit.ts reads it.
#pragma once

#include <linux/kvm.h>

#include <cstdint>

namespace hv {

enum class ExitKind : uint64_t {
  kOther,  // an exit that no vCPU of ours should have: `reason` is KVM's exit reason
  kIo,
  kMmio,
  kHypercall,
  kHalt,
  kShutdown,
  kInterrupted,
  kFailEntry,
  kInternalError,
  kDebug,
  kInterruptWindow,
  kIoapicEoi,
  kMsr,
  kMemoryFault,
};

// All words are 64 bits wide, because JavaScript reads them from a BigUint64Array. Unused ones are 0.
struct Exit {
  ExitKind kind;
  uint64_t is_write = 0;  // io: out; mmio, msr: a store; memory-fault: the access was private
  // io: port; mmio, memory-fault: guest physical address; hypercall: number; debug: DebugStop's; ioapic-eoi: vector; msr: its number
  uint64_t address = 0;
  uint64_t size = 0;    // bytes of one item; memory-fault: of the range
  uint64_t count = 0;   // items: io repetitions, hypercall arguments, internal error's data
  uint64_t offset = 0;  // where the items lie in kvm_run
  // msr: KVM_MSR_EXIT_REASON_*; fail-entry: the processor's; internal-error: suberror; shutdown: KVM_SYSTEM_EVENT_*; debug: DebugCause
  uint64_t reason = 0;
};
constexpr unsigned kExitWords = sizeof(Exit) / sizeof(uint64_t);

// Precondition: KVM_RUN returned 0, or failed by a memory fault. For a debug exit it gives the kind alone: arch::ReadDebugStop gives the rest.
Exit ReadExit(const kvm_run& run);

// Whether KVM_RUN failed with `error` because of a memory fault (api.rst, KVM_CAP_MEMORY_FAULT_INFO).
bool IsMemoryFault(const kvm_run& run, int error);

}  // namespace hv
