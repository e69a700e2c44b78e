// dirty_log.h: which pages a guest has written: from KVM's bitmap of each memory slot, or from a ring of each vCPU.
#pragma once

#include <linux/kvm.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "kvm/system.h"
#include "sys/mapping.h"

namespace hv {

// Any thread may call it. The guest cannot write KVM's rings; still, nothing in them is trusted to be in bounds.
class DirtyLog {
 public:
  // `ring_entries`: of each vCPU's ring, a power of two; 0: no rings. Precondition: `vm` has no vCPU and no memory slot, and outlives
  // this. Throws std::system_error.
  DirtyLog(const System& system, int vm, uint32_t ring_entries);
  DirtyLog(const DirtyLog&) = delete;
  DirtyLog& operator=(const DirtyLog&) = delete;

  // Before the vCPU's first run; the ring is kept as long as KVM keeps the vCPU: as long as the VM.
  void AddVcpu(int vcpu);
  // Before KVM has the slot.
  void AddSlot(uint32_t slot, size_t pages);
  // When KVM no longer has the slot. Without effect on a slot that logs nothing.
  void RemoveSlot(uint32_t slot);

  // A bit for each of `count` pages from `first` on that the guest wrote since it was taken last; the lowest bit is that of page
  // `first / 64 * 64`. From now on these pages count as unwritten, and others keep their state. A page that the guest writes meanwhile
  // counts as written now or the next time: whoever reads it afterwards misses nothing.
  // Throws std::out_of_range, std::system_error.
  std::vector<uint64_t> Take(uint32_t slot, size_t first, size_t count);

  // A vCPU's ring is full (KVM_EXIT_DIRTY_RING_FULL): makes room in all. False: KVM does not.
  bool MakeRoom() noexcept;

 private:
  struct Ring {
    Mapping mapping;
    uint32_t next = 0;
  };

  void EmptyRings();
  void Empty(Ring& ring);
  std::vector<uint64_t> TakeBitmap(uint32_t slot, size_t pages, size_t first, size_t count);
  void Clear(uint32_t slot, size_t pages, std::vector<uint64_t>& bitmap, size_t begin, size_t end);

  const System& system_;
  const int vm_;
  const uint32_t ring_entries_;
  bool has_bitmaps_ = true;
  bool clears_pages_ = false;
  std::mutex mutex_;
  std::vector<Ring> rings_;
  struct Slot {
    size_t pages;
    // Written, and not taken yet.
    std::vector<uint64_t> written;
  };
  std::map<uint32_t, Slot> slots_;
};

}  // namespace hv
