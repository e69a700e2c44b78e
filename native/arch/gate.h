// gate.h: what each architecture's folder gives native/ptrace of the gate: code in a stub (shim/*/stub.S) by which a program makes calls
// without a stop, as long as its thread's own register leads to the trap frame (shim/abi.h).
#ifndef HV_ARCH_GATE_H_
#define HV_ARCH_GATE_H_

#include <cstdint>

#include "arch/tracee.h"

namespace hv::arch {

// Its labels, for all calls and for those whose results are known; nullptr: this architecture has none.
extern const uint8_t* const kGate;
extern const uint8_t* const kKnownGate;

// Where a program goes through the gate: what of it is a thread's own.
struct GatePlace {
  uint64_t gate;  // where kGate is
  uint64_t frame_address;
  // The tracer's mapping. Programs write there too.
  uint8_t* frame;
};

// Programs do not see that the register leads to the frame: it is none of theirs.
void ShowFrame(UserRegisters& registers, const GatePlace& place);
void HideFrame(UserRegisters& registers, const GatePlace& place);

// What a program in the gate was about.
enum class InGate {
  kOutside,
  kBefore,  // its call was not made: it will be made anew, by the instruction behind the patched one
  kCalled,    // it waits for the result
  kAnswered,  // it has the result
};
// Makes `registers`, of a tracee that stopped, those that its program has outside of the gate: behind its call, or before it.
// `is_in_call`: the stop was the call that is the gate's bell.
InGate LeaveGate(UserRegisters& registers, const GatePlace& place, bool is_in_call);

}  // namespace hv::arch

#endif  // HV_ARCH_GATE_H_
