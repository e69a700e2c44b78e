// exit.cc: turns struct kvm_run into an exit (api.rst, section 5).

#include "kvm/exit.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>

namespace hv {
namespace {

// linux/kvm.h since 6.8.
constexpr uint32_t kExitMemoryFault = 39;
struct MemoryFault {  // kvm_run.memory_fault: what kvm_run.padding begins with
  uint64_t flags, address, size;
};
constexpr uint64_t kFaultIsPrivate = 1 << 3;  // KVM_MEMORY_EXIT_FLAG_PRIVATE

}  // namespace

bool IsMemoryFault(const kvm_run& run, int error) {
  return (error == EFAULT || error == EHWPOISON) && run.exit_reason == kExitMemoryFault;
}

Exit ReadExit(const kvm_run& run) {
  switch (run.exit_reason) {
    case KVM_EXIT_IO:
      return {.kind = ExitKind::kIo,
              .is_write = run.io.direction == KVM_EXIT_IO_OUT,
              .address = run.io.port,
              .size = run.io.size,
              .count = run.io.count,
              .offset = run.io.data_offset};
    case KVM_EXIT_MMIO:
      return {.kind = ExitKind::kMmio,
              .is_write = run.mmio.is_write != 0,
              .address = run.mmio.phys_addr,
              .size = std::min<uint64_t>(run.mmio.len, sizeof(run.mmio.data)),
              .count = 1,
              .offset = offsetof(kvm_run, mmio.data)};
    case KVM_EXIT_HYPERCALL:
      return {.kind = ExitKind::kHypercall,
              .address = run.hypercall.nr,
              .size = sizeof(run.hypercall.args[0]),
              .count = std::size(run.hypercall.args),
              .offset = offsetof(kvm_run, hypercall.args)};
    case KVM_EXIT_HLT:
      return {.kind = ExitKind::kHalt};
    case KVM_EXIT_IRQ_WINDOW_OPEN:
      return {.kind = ExitKind::kInterruptWindow};
    case KVM_EXIT_IOAPIC_EOI:
      return {.kind = ExitKind::kIoapicEoi, .address = run.eoi.vector};
    case KVM_EXIT_X86_RDMSR:
    case KVM_EXIT_X86_WRMSR:
      return {.kind = ExitKind::kMsr,
              .is_write = run.exit_reason == KVM_EXIT_X86_WRMSR,
              .address = run.msr.index,
              .size = sizeof(run.msr.data),
              .count = 1,
              .offset = offsetof(kvm_run, msr.data),
              .reason = run.msr.reason};
    case KVM_EXIT_DEBUG:
      return {.kind = ExitKind::kDebug};
    case KVM_EXIT_SHUTDOWN:
      return {.kind = ExitKind::kShutdown};
    // arm64: PSCI's SYSTEM_OFF and SYSTEM_RESET.
    case KVM_EXIT_SYSTEM_EVENT:
      return {.kind = ExitKind::kShutdown, .reason = run.system_event.type};
    case KVM_EXIT_FAIL_ENTRY:
      return {.kind = ExitKind::kFailEntry, .reason = run.fail_entry.hardware_entry_failure_reason};
    case KVM_EXIT_INTERNAL_ERROR:
      return {.kind = ExitKind::kInternalError,
              .size = sizeof(run.internal.data[0]),
              .count = std::min<uint64_t>(run.internal.ndata, std::size(run.internal.data)),
              .offset = offsetof(kvm_run, internal.data),
              .reason = run.internal.suberror};
    // arm64: an access that reaches no memory and that the processor does not describe; the data are its ESR_EL2.ISS and its address.
    case KVM_EXIT_ARM_NISV:
      return {.kind = ExitKind::kInternalError,
              .size = sizeof(run.arm_nisv.esr_iss),
              .count = 2,
              .offset = offsetof(kvm_run, arm_nisv),
              .reason = KVM_INTERNAL_ERROR_EMULATION};
    case kExitMemoryFault: {
      MemoryFault fault;
      std::memcpy(&fault, run.padding, sizeof(fault));
      return {.kind = ExitKind::kMemoryFault,
              .is_write = (fault.flags & kFaultIsPrivate) != 0,
              .address = fault.address,
              .size = fault.size};
    }
    default:
      return {.kind = ExitKind::kOther, .reason = run.exit_reason};
  }
}

}  // namespace hv
