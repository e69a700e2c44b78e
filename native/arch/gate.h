// gate.h: what each architecture's folder gives native/ptrace of the gate: code in a stub (shim/*/stub.S) by which a program makes calls
// without a stop, and which finds the trap frame (shim/abi.h) by a register of the thread's own, or by its address.
#ifndef HV_ARCH_GATE_H_
#define HV_ARCH_GATE_H_

#include <cstdint>
#include <cstring>

#include "arch/tracee.h"
#include "shim/abi.h"

namespace hv::arch {

// Its labels, for all calls and for those whose results are known.
extern const uint8_t* const kGate;
extern const uint8_t* const kKnownGate;

// A register of each thread's own leads to its frame. If not, a stub has one frame, and who goes through the gate one at a time has it.
constexpr bool kThreadsHaveFrames =
#if defined(__x86_64__)
    true;
#else
    false;
#endif
// Platform.openCallGate's: of the word that says where the gate is.
constexpr uint64_t GateWord(uint64_t frame_address) {
  return (kThreadsHaveFrames ? 0 : frame_address) + HV_FRAME_GATE;
}

// Where a program goes through the gate: what of it is a thread's own.
struct GatePlace {
  uint64_t gate;  // where kGate is
  uint64_t frame_address;
  // The tracer's mapping. Programs write there too.
  const uint8_t* frame;

  uint64_t Word(unsigned offset) const {
    uint64_t word;
    std::memcpy(&word, frame + offset, sizeof(word));
    return word;
  }
  bool IsAnswered() const {
    return static_cast<uint32_t>(Word(HV_FRAME_STATE)) == HV_STATE_ANSWERED;
  }
};

// Programs do not see that a register leads to the frame: it is none of theirs.
void ShowFrame(UserRegisters& registers, const GatePlace& place);
void HideFrame(UserRegisters& registers, const GatePlace& place);

// What a program in the gate was about.
enum class InGate {
  kOutside,
  kBefore,    // its call was not made: it will be made anew
  kCalled,    // it waits for the result
  kAnswered,  // it has the result
};
// Makes `registers`, of a tracee that stopped, those that its program has outside of the gate: behind its call, or before it.
// `is_in_call`: the stop was the call that is the gate's bell.
InGate LeaveGate(UserRegisters& registers, const GatePlace& place, bool is_in_call);

}  // namespace hv::arch

#endif  // HV_ARCH_GATE_H_
