// debug.cc: puts a debugger's requests into DR0 to DR3 and DR7, and decodes DR6 (SDM vol. 3, 19.2).

#include <linux/kvm.h>

#include <stdexcept>

#include "arch/arch.h"
#include "arch/x86_64/pvm.h"
#include "arch/x86_64/regs.h"
#include "kvm/vcpu.h"
#include "sys/ioctl.h"

namespace hv::arch {
namespace {

constexpr unsigned kRegisters = 4;
// GE, and bit 10, which is always 1.
constexpr uint64_t kDr7 = 1u << 9 | 1u << 10;

// DR7's R/W field.
enum Condition : uint64_t { kWrite = 1, kAccess = 3 };

uint64_t Enabled(unsigned i) { return uint64_t{3} << 2 * i; }

uint64_t LengthBits(const Watchpoint& watch) {
  switch (watch.length) {
    case 1:
      return 0;
    case 2:
      return 1;
    case 4:
      return 3;
    case 8:
      return 2;
    default:
      throw std::invalid_argument("a watchpoint of x86_64 has 1, 2, 4 or 8 bytes");
  }
}

uint64_t Watch(const Watchpoint& watch, unsigned i) {
  if (watch.kind == WatchKind::kRead) {
    throw std::invalid_argument("a watchpoint of x86_64 tells of writes or of every access");
  }
  uint64_t length = LengthBits(watch);
  if (watch.address % watch.length != 0) {
    throw std::invalid_argument("a watchpoint of x86_64 lies at a multiple of its length");
  }
  Condition condition = watch.kind == WatchKind::kWrite ? kWrite : kAccess;
  return Enabled(i) | (length << 2 | condition) << (16 + 4 * i);
}

// From DR0 on: breakpoints, then watchpoints.
void FillRegisters(const DebugRequest& request, __u64 (&registers)[8]) {
  if (request.breakpoints.size() + request.watchpoints.size() > kRegisters) {
    throw std::invalid_argument("x86_64 has 4 breakpoints and watchpoints together");
  }
  unsigned i = 0;
  registers[7] = kDr7;
  for (uint64_t address : request.breakpoints) {
    registers[i] = address;
    registers[7] |= Enabled(i++);
  }
  for (const Watchpoint& watch : request.watchpoints) {
    registers[i] = watch.address;
    registers[7] |= Watch(watch, i++);
  }
}

// While it steps, interrupts wait, where KVM can hold them back (Linux 5.14).
uint32_t StepFlags(const System& system) {
  int flags = system.Check(KVM_CAP_SET_GUEST_DEBUG2);
  return KVM_GUESTDBG_SINGLESTEP |
         (flags > 0 ? static_cast<uint32_t>(flags) & KVM_GUESTDBG_BLOCKIRQ : 0);
}

}  // namespace

// kvm_pvm accepts all requests; its interpreter, which runs ring 0, stops for steps and breakpoints, but ring 3 stops for nothing.
DebugLimits DebugLimitsOf(const System& system) {
  if (system.Check(KVM_CAP_SET_GUEST_DEBUG) <= 0) return {};
  if (pvm::IsHost()) return {true, false, kRegisters, 0, true};
  return {true, true, kRegisters, kRegisters, true};
}

void SetDebug(Vcpu& vcpu, const DebugRequest& request) {
  kvm_guest_debug debug = {};
  if (!request.IsNothing()) debug.control = KVM_GUESTDBG_ENABLE;
  if (request.single_step) debug.control |= StepFlags(vcpu.vm().system());
  if (request.software_breakpoints) debug.control |= KVM_GUESTDBG_USE_SW_BP;
  if (!request.breakpoints.empty() || !request.watchpoints.empty()) {
    debug.control |= KVM_GUESTDBG_USE_HW_BP;
    FillRegisters(request, debug.arch.debugreg);
  }
  Ioctl(vcpu.fd(), KVM_SET_GUEST_DEBUG, "KVM_SET_GUEST_DEBUG", &debug);
}

// DR6 also has bits of registers that are not enabled, and a step's bit beside a watchpoint's: only what was asked for is reported.
DebugStop ReadDebugStop(const Vcpu& vcpu) {
  const kvm_debug_exit_arch& exit = vcpu.run().debug.arch;
  if (exit.exception == kBreakpointVector) return {DebugCause::kSoftware, exit.pc};
  const DebugRequest& request = vcpu.debug();
  for (unsigned i = 0; i < kRegisters; i++) {
    if (!(exit.dr6 >> i & 1)) continue;
    if (i < request.breakpoints.size()) return {DebugCause::kBreakpoint, exit.pc};
    size_t watch = i - request.breakpoints.size();
    if (watch >= request.watchpoints.size()) continue;
    return {DebugCause::kWatchpoint, request.watchpoints[watch].address};
  }
  return {DebugCause::kStep, exit.pc};
}

}  // namespace hv::arch
