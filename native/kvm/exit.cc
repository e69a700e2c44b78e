// exit.cc: turns struct kvm_run into an exit (api.rst, section 5).

#include "kvm/exit.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace hv {

Exit ReadExit(const kvm_run& run) {
  Exit exit = {};
  switch (run.exit_reason) {
    case KVM_EXIT_IO:
      exit.kind = ExitKind::kIo;
      exit.is_write = run.io.direction == KVM_EXIT_IO_OUT;
      exit.address = run.io.port;
      exit.size = run.io.size;
      exit.count = run.io.count;
      exit.offset = run.io.data_offset;
      break;
    case KVM_EXIT_MMIO:
      exit.kind = ExitKind::kMmio;
      exit.is_write = run.mmio.is_write != 0;
      exit.address = run.mmio.phys_addr;
      exit.size = std::min<uint64_t>(run.mmio.len, sizeof(run.mmio.data));
      exit.count = 1;
      exit.offset = offsetof(kvm_run, mmio.data);
      break;
    case KVM_EXIT_HYPERCALL:
      exit.kind = ExitKind::kHypercall;
      exit.address = run.hypercall.nr;
      exit.size = sizeof(run.hypercall.args[0]);
      exit.count = std::size(run.hypercall.args);
      exit.offset = offsetof(kvm_run, hypercall.args);
      break;
    case KVM_EXIT_HLT:
      exit.kind = ExitKind::kHalt;
      break;
    case KVM_EXIT_DEBUG:
      exit.kind = ExitKind::kDebug;
      break;
    case KVM_EXIT_SHUTDOWN:
      exit.kind = ExitKind::kShutdown;
      break;
    // arm64: PSCI's SYSTEM_OFF and SYSTEM_RESET.
    case KVM_EXIT_SYSTEM_EVENT:
      exit.kind = ExitKind::kShutdown;
      exit.reason = run.system_event.type;
      break;
    case KVM_EXIT_FAIL_ENTRY:
      exit.kind = ExitKind::kFailEntry;
      exit.reason = run.fail_entry.hardware_entry_failure_reason;
      break;
    case KVM_EXIT_INTERNAL_ERROR:
      exit.kind = ExitKind::kInternalError;
      exit.reason = run.internal.suberror;
      exit.size = sizeof(run.internal.data[0]);
      exit.count = std::min<uint64_t>(run.internal.ndata, std::size(run.internal.data));
      exit.offset = offsetof(kvm_run, internal.data);
      break;
    // arm64: an access that reaches no memory and that the processor does not describe; the data are its ESR_EL2.ISS and its address.
    case KVM_EXIT_ARM_NISV:
      exit.kind = ExitKind::kInternalError;
      exit.reason = KVM_INTERNAL_ERROR_EMULATION;
      exit.size = sizeof(run.arm_nisv.esr_iss);
      exit.count = 2;
      exit.offset = offsetof(kvm_run, arm_nisv);
      break;
    default:
      exit.reason = run.exit_reason;
  }
  return exit;
}

}  // namespace hv
