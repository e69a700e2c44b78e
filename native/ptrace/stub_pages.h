// stub_pages.h: the calls and signal stacks of stubs: pages of the MemoryFile's memfd past those that programs can have.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "shim/stub.h"
#include "sys/shared_memory.h"

namespace hv {

constexpr uint64_t kStubSlotBytes = HV_STUB_BYTES - HV_STUB_CALLS;

// Hands out slots, one for each stub. The file grows as they are needed.
class StubPages {
 public:
  // `memory`: programs can have what its mapping covers, from the file's start.
  explicit StubPages(std::shared_ptr<SharedMemory> memory)
      : memory_(std::move(memory)), end_(memory_->mapping.size()) {}

  // One stub's slot, given back when it is destroyed; by then nothing of the stub is alive.
  class Slot {
   public:
    // Throws std::system_error.
    explicit Slot(StubPages& pages);
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot();

    // Prepares it for another program: nothing of the last one's registers is left there.
    void Wipe();
    // Its offset in the file.
    uint64_t offset() const { return offset_; }
    uint8_t* calls(unsigned thread) const {
      return mapping_.data() + uint64_t{thread} * HV_STUB_CALLS_BYTES;
    }
    uint8_t* frame(unsigned thread) const {
      return mapping_.data() + HV_STUB_STACKS - HV_STUB_CALLS +
             uint64_t{thread} * HV_STUB_STACK_STRIDE;
    }
    uint8_t* stack(unsigned thread) const { return frame(thread) + HV_STUB_FRAME_BYTES; }

   private:
    StubPages& pages_;
    uint64_t offset_;
    Mapping mapping_;
  };

  SharedMemory& memory() const { return *memory_; }

 private:
  uint64_t Take();

  std::shared_ptr<SharedMemory> memory_;
  uint64_t end_;
  std::vector<uint64_t> free_;
};

}  // namespace hv
