// debug.cc: puts a debugger's requests into breakpoint and watchpoint registers, and decodes a stop's syndrome (Arm ARM D2.8, D2.10).

#include <linux/kvm.h>

#include <stdexcept>

#include "arch/arch.h"
#include "arch/arm64/regs.h"
#include "kvm/vcpu.h"
#include "sys/ioctl.h"

namespace hv::arch {
namespace {

// DBGBCR_EL1 and DBGWCR_EL1: E, and PMC or PAC: EL1 and EL0.
constexpr uint64_t kEnabled = 1;
constexpr uint64_t kKernelAndUser = 3u << 1;
constexpr unsigned kKindShift = 3, kBytesShift = 5, kMaskShift = 24;
// BAS of an A64 instruction.
constexpr uint64_t kInstruction = 0xfu << kBytesShift;
constexpr uint64_t kWord = 8;
constexpr uint64_t kLengthMax = uint64_t{1} << 31;

// ESR_ELx.EC; each of them has a second one, for exceptions of the same level.
enum Class : uint64_t { kBreakpoint = 0x30, kStep = 0x32, kWatchpoint = 0x34 };

// BAS picks bytes of a doubleword; MASK is for 2^n bytes, 16 or more; LSC is loads (1) and stores (2).
uint64_t WatchControl(const Watchpoint& watch) {
  uint64_t kind = watch.kind == WatchKind::kAccess ? 3 : watch.kind == WatchKind::kWrite ? 2 : 1;
  uint64_t control = kEnabled | kKernelAndUser | kind << kKindShift;
  uint64_t first = watch.address % kWord;
  if (watch.length > 0 && watch.length <= kWord - first) {
    return control | ((uint64_t{1} << watch.length) - 1) << first << kBytesShift;
  }
  bool is_power = watch.length > kWord && (watch.length & (watch.length - 1)) == 0;
  if (!is_power || watch.length > kLengthMax || watch.address % watch.length != 0) {
    throw std::invalid_argument(
        "a watchpoint of arm64 lies within 8 bytes at a multiple of 8, or is 2^n bytes at a "
        "multiple of that");
  }
  uint64_t mask = static_cast<uint64_t>(__builtin_ctzll(watch.length));
  return control | uint64_t{0xff} << kBytesShift | mask << kMaskShift;
}

void FillRegisters(const DebugRequest& request, const DebugLimits& limits,
                   kvm_guest_debug_arch& registers) {
  if (request.breakpoints.size() > limits.breakpoints ||
      request.watchpoints.size() > limits.watchpoints) {
    throw std::invalid_argument("this processor has " + std::to_string(limits.breakpoints) +
                                " breakpoints and " + std::to_string(limits.watchpoints) +
                                " watchpoints");
  }
  size_t i = 0;
  for (uint64_t address : request.breakpoints) {
    if (address % kInstructionSize != 0) {
      throw std::invalid_argument("a breakpoint of arm64 lies at a multiple of 4");
    }
    registers.dbg_bvr[i] = address;
    registers.dbg_bcr[i++] = kEnabled | kKernelAndUser | kInstruction;
  }
  i = 0;
  for (const Watchpoint& watch : request.watchpoints) {
    registers.dbg_wcr[i] = WatchControl(watch);
    registers.dbg_wvr[i++] = watch.address & ~(kWord - 1);
  }
}

// FAR is where the access begins, or any of its bytes: it may lie below what is watched.
uint64_t WatchedAt(const DebugRequest& request, uint64_t far) {
  uint64_t nearest = far;
  uint64_t best = ~uint64_t{0};
  for (const Watchpoint& watch : request.watchpoints) {
    if (far >= watch.address && far - watch.address < watch.length) return watch.address;
    uint64_t distance = far < watch.address ? watch.address - far : far - watch.address;
    if (distance < best) {
      best = distance;
      nearest = watch.address;
    }
  }
  return nearest;
}

unsigned Registers(int offered) {
  if (offered < 0) return 0;
  return offered < KVM_ARM_MAX_DBG_REGS ? static_cast<unsigned>(offered) : KVM_ARM_MAX_DBG_REGS;
}

}  // namespace

DebugLimits DebugLimitsOf(const System& system) {
  if (system.Check(KVM_CAP_SET_GUEST_DEBUG) <= 0) return {};
  return {true, true, Registers(system.Check(KVM_CAP_GUEST_DEBUG_HW_BPS)),
          Registers(system.Check(KVM_CAP_GUEST_DEBUG_HW_WPS)), false};
}

void SetDebug(Vcpu& vcpu, const DebugRequest& request) {
  kvm_guest_debug debug = {};
  if (!request.IsNothing()) debug.control = KVM_GUESTDBG_ENABLE;
  if (request.single_step) debug.control |= KVM_GUESTDBG_SINGLESTEP;
  if (request.software_breakpoints) debug.control |= KVM_GUESTDBG_USE_SW_BP;
  if (!request.breakpoints.empty() || !request.watchpoints.empty()) {
    debug.control |= KVM_GUESTDBG_USE_HW;
    FillRegisters(request, DebugLimitsOf(vcpu.vm().system()), debug.arch);
  }
  Ioctl(vcpu.fd(), KVM_SET_GUEST_DEBUG, "KVM_SET_GUEST_DEBUG", &debug);
}

DebugStop ReadDebugStop(const Vcpu& vcpu) {
  const kvm_debug_exit_arch& exit = vcpu.run().debug.arch;
  switch (exit.hsr >> kClassShift & kClassMask & ~uint64_t{1}) {
    case kWatchpoint:
      return {DebugCause::kWatchpoint, WatchedAt(vcpu.debug(), exit.far)};
    case kBreakpoint:
      return {DebugCause::kBreakpoint, GetRegister(vcpu, HV_CORE(regs.pc))};
    case kStep:
      return {DebugCause::kStep, GetRegister(vcpu, HV_CORE(regs.pc))};
    default:
      return {DebugCause::kSoftware, GetRegister(vcpu, HV_CORE(regs.pc))};
  }
}

}  // namespace hv::arch
