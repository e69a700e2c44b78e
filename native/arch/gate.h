// gate.h: each architecture's part of the gate, for native/ptrace. The gate is code in a stub (shim/*/stub.S) through which a program
// makes calls without a stop. It finds the trap frame (shim/abi.h) through a register of the thread, or by the frame's address.
#pragma once

#include <cstdint>
#include <cstring>

#include "arch/tracee.h"
#include "shim/abi.h"

namespace hv::arch {

// The gate's entry points: for all calls, and for those whose results are known.
extern const uint8_t* const kGate;
extern const uint8_t* const kCachedGate;

// Each thread has a register that leads to its own frame. If not, a stub has one frame, and threads go through the gate one at a time.
constexpr bool kThreadsHaveFrames =
#if defined(__x86_64__)
    true;
#else
    false;
#endif
// Platform.openCallGate's result: the place of the word that says where the gate is.
constexpr uint64_t GateWord(uint64_t frame_address) {
  return (kThreadsHaveFrames ? 0 : frame_address) + HV_FRAME_GATE;
}

// A thread's gate and frame, as its program goes through the gate.
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

// Programs do not see that a register leads to the frame: the value is not theirs.
void ShowFrame(UserRegisters& registers, const GatePlace& place);
void HideFrame(UserRegisters& registers, const GatePlace& place);

// How far a program in the gate has come.
enum class InGate {
  kOutside,
  kBefore,    // its call was not made: it will be made again
  kCalled,    // it waits for the result
  kAnswered,  // it has the result
};
// Turns `registers`, of a stopped tracee, into those that its program has outside of the gate: after its call, or before it.
// `is_in_call`: it stopped in the call that is the gate's bell.
InGate LeaveGate(UserRegisters& registers, const GatePlace& place, bool is_in_call);

}  // namespace hv::arch
