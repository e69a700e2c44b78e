// call_frame.h: the trap frame of a stub's thread, as the tracer sees it: where a program puts a call that it makes through the gate
// (shim/*/stub.S). The program can write all of it at any time.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "shim/abi.h"
#include "shim/stub.h"

namespace hv {

class CallFrame {
 public:
  // `page`: HV_STUB_FRAME_BYTES that outlive this object.
  explicit CallFrame(uint8_t* page) : page_(page) {}

  // Leaves nothing of the last program. `gate`, `address`: where the stub sees the gate and the frame.
  void Reset(uint64_t gate, uint64_t address) const {
    std::memset(page_, 0, HV_STUB_FRAME_BYTES);
    Store(HV_FRAME_GATE, gate);
    Store(HV_FRAME_CACHED_GATE, gate);
    Store(HV_GATE_STACK, address + HV_GATE_STACK_TOP);
  }

  // From now on these calls have these results: pairs of number and result. `gate`: where results are read; if there are none, where
  // all calls are made.
  void CacheResults(const std::vector<uint32_t>& results, uint64_t gate) const {
    for (size_t i = 0; i + 1 < results.size(); i += 2) {
      if (results[i] >= HV_CACHED_CALLS) continue;
      __atomic_store_n(Word(HV_FRAME_CACHED + 4 * results[i]), results[i + 1], __ATOMIC_RELAXED);
    }
    Store(HV_FRAME_CACHED_GATE, gate);
  }

  bool HasRequest() const {
    return __atomic_load_n(Word(HV_FRAME_STATE), __ATOMIC_SEQ_CST) == HV_STATE_REQUEST;
  }
  void Forget() const { __atomic_store_n(Word(HV_FRAME_STATE), HV_STATE_IDLE, __ATOMIC_RELAXED); }
  // How often the gate looks for an answer. A program that sees 0 rings; HasRequest, called later, sees the call of one that saw more.
  void Poll(uint32_t looks) const {
    __atomic_store_n(Word(HV_FRAME_POLLING), looks, __ATOMIC_SEQ_CST);
  }
  void Answer(int64_t result) const {
    Store(HV_FRAME_RESULT, static_cast<uint64_t>(result));
    __atomic_store_n(Word(HV_FRAME_STATE), HV_STATE_ANSWERED, __ATOMIC_RELEASE);
  }
  // Copies number and arguments into another frame.
  void CopyCall(uint8_t* to) const {
    std::memcpy(to + HV_FRAME_NUMBER, page_ + HV_FRAME_NUMBER, HV_FRAME_RESULT - HV_FRAME_NUMBER);
  }

 private:
  // SAFETY: the page is aligned, and so are the offsets of abi.h.
  uint32_t* Word(unsigned offset) const { return reinterpret_cast<uint32_t*>(page_ + offset); }
  void Store(unsigned offset, uint64_t word) const {
    std::memcpy(page_ + offset, &word, sizeof(word));
  }

  uint8_t* page_;
};

}  // namespace hv
