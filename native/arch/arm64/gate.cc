// gate.cc: the gate on arm64: each trampoline knows the frame's address and its call's number, so X8 is free
// (src/arch/arm64/call-site.ts).

#include "arch/gate.h"

#include "shim/abi.h"
#include "shim/stub.h"

// shim/arm64/stub.S
extern "C" const uint8_t hv_gate_cached[], hv_gate_cached_end[], hv_gate[], hv_gate_stored[],
    hv_gate_rang[], hv_gate_end[];

namespace hv::arch {
namespace {

// Arm ARM C5.2.19: what kind of branch led to an instruction. BTYPE is the gate's, not the program's.
constexpr uint64_t kBranchType = 3 << 10;
// Offsets in a trampoline: where it loads X8 with the frame's address, which it may do again, and where it has stored X0 and X1 and
// X1 points to the gate.
constexpr uint64_t kLoadsFrame = 8;
constexpr uint64_t kHasGate = 20;
constexpr uint64_t kHasBoth = 24;
constexpr uint64_t kReturns = 28;

uint64_t Offset(const uint8_t* label) { return static_cast<uint64_t>(label - hv_gate_cached); }

// The offset in the gate's code; at or above hv_gate_end's: elsewhere.
uint64_t OffsetInGate(const UserRegisters& registers, const GatePlace& place) {
  return registers[kRegPc] - (place.gate - Offset(hv_gate));
}

// Goes back to `to` with X0 and X1 as the frame keeps them.
void GoBack(UserRegisters& registers, const GatePlace& place, uint64_t to) {
  registers[kRegX0] = place.Word(HV_FRAME_ARGS);
  registers[kRegX1] = place.Word(HV_FRAME_ARGS + 8);
  registers[kRegPc] = to;
}

}  // namespace

const uint8_t* const kGate = hv_gate;
const uint8_t* const kCachedGate = hv_gate_cached;

void ShowFrame(UserRegisters&, const GatePlace&) {}

// Acts on a program in the trampoline, between loading the frame's address and the gate: the trampoline begins again.
void HideFrame(UserRegisters& registers, const GatePlace& place) {
  if (registers[kRegX8] != place.frame_address) return;
  const uint64_t cached_gate = place.gate - Offset(hv_gate);
  if (registers[kRegX1] != place.gate && registers[kRegX1] != cached_gate) return;
  if (OffsetInGate(registers, place) < Offset(hv_gate_end)) return;
  const uint64_t pc = registers[kRegPc];
  const uint64_t at = registers[kRegX0] == pc + kReturns - kHasBoth ? kHasBoth : kHasGate;
  GoBack(registers, place, pc - at + kLoadsFrame);
}

InGate LeaveGate(UserRegisters& registers, const GatePlace& place, bool is_in_call) {
  const uint64_t at = OffsetInGate(registers, place);
  if (at >= Offset(hv_gate_end)) return InGate::kOutside;
  registers[kRegPstate] &= ~kBranchType;
  const bool is_cached = at < Offset(hv_gate);
  if (is_cached ? at < Offset(hv_gate_cached_end) : at < Offset(hv_gate_stored)) {
    GoBack(registers, place, registers[kRegX0] - kReturns + kLoadsFrame);
    return InGate::kBefore;
  }
  const uint64_t known = registers[kRegX0];
  GoBack(registers, place, place.Word(HV_GATE_BEHIND));
  registers[kRegX8] = place.Word(HV_FRAME_NUMBER);
  const bool is_call = !is_cached && (at < Offset(hv_gate_rang) || is_in_call);
  if (is_call && !place.IsAnswered()) return InGate::kCalled;
  // Elsewhere X0 has the result already.
  registers[kRegX0] = is_call || at == Offset(hv_gate_rang) ? place.Word(HV_FRAME_RESULT) : known;
  return InGate::kAnswered;
}

}  // namespace hv::arch
