// gate.cc: the gate on x86_64: GS base leads to the frame.

#include "arch/gate.h"

#include "shim/abi.h"
#include "shim/stub.h"

// shim/x86_64/stub.S
extern "C" const uint8_t hv_gate_cached[], hv_gate_cached_end[], hv_gate[], hv_gate_stored[],
    hv_gate_rang[], hv_gate_end[];

namespace hv::arch {
namespace {

constexpr uint64_t kSyscallLength = 2;

}  // namespace

const uint8_t* const kGate = hv_gate;
const uint8_t* const kCachedGate = hv_gate_cached;

void ShowFrame(UserRegisters& registers, const GatePlace& place) {
  if (registers[kRegGsBase] == 0) registers[kRegGsBase] = place.frame_address;
}

void HideFrame(UserRegisters& registers, const GatePlace& place) {
  if (registers[kRegGsBase] == place.frame_address) registers[kRegGsBase] = 0;
}

InGate LeaveGate(UserRegisters& registers, const GatePlace& place, bool is_in_call) {
  auto offset = [](const uint8_t* label) { return static_cast<uint64_t>(label - hv_gate_cached); };
  const uint64_t at = registers[kRegRip] - (place.gate - offset(hv_gate));
  if (at >= offset(hv_gate_end)) return InGate::kOutside;
  if (registers[kRegRsp] - place.frame_address < HV_STUB_FRAME_BYTES)
    registers[kRegRsp] = place.Word(HV_GATE_RSP);
  if (at == offset(hv_gate_cached_end)) {
    registers[kRegRip] = registers[kRegRcx];
    return InGate::kAnswered;
  }
  if (at < offset(hv_gate_stored)) {
    registers[kRegRip] = registers[kRegRcx] - kSyscallLength;
    return InGate::kBefore;
  }
  registers[kRegRip] = registers[kRegRcx] = place.Word(HV_GATE_RCX);
  registers[kRegEflags] = registers[kRegR11] = place.Word(HV_GATE_RFLAGS);
  if (at < offset(hv_gate_rang) || is_in_call) {
    if (!is_in_call) registers[kRegOrigRax] = registers[kRegRax];
    if (!place.IsAnswered()) return InGate::kCalled;
  }
  registers[kRegRax] = place.Word(HV_FRAME_RESULT);
  return InGate::kAnswered;
}

}  // namespace hv::arch
