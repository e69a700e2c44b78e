// page_table.h: the supervisor region's pages, and page tables in them: four levels of 512 entries, as x86_64 (SDM vol. 3,
// 4.5) and arm64 (Arm ARM D8.2) have them alike; arch/*/page_entry.h knows what an entry says.
#ifndef HV_KVM_PAGE_TABLE_H_
#define HV_KVM_PAGE_TABLE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "arch/context.h"
#include "kvm/vm.h"

namespace hv {

constexpr uint64_t kPageSize = 4096;

// Hands out zeroed pages of the supervisor region. Its guest physical addresses start at 0: page 0 stays unused, so that 0
// means none.
class SupervisorPages {
 public:
  explicit SupervisorPages(std::shared_ptr<Region> region)
      : region_(std::move(region)), present_(region_->mapping.size() / kPageSize) {}

  // Guest physical. Throws std::system_error ENOMEM.
  uint64_t Allocate();
  void Free(uint64_t page);
  uint8_t* Data(uint64_t page) const { return region_->mapping.data() + page; }
  // SAFETY: a page that was allocated here, aligned, which lives as long as the region.
  uint64_t* Entries(uint64_t page) const { return reinterpret_cast<uint64_t*>(Data(page)); }
  // Present entries of a page that is a table: an empty one is freed.
  uint16_t& Present(uint64_t page) { return present_[page / kPageSize]; }

 private:
  std::shared_ptr<Region> region_;
  std::vector<uint16_t> present_;
  std::vector<uint64_t> free_;
  uint64_t next_ = kPageSize;
};

class PageTable {
 public:
  explicit PageTable(SupervisorPages& pages) : pages_(pages), root_(pages.Allocate()) {}
  ~PageTable();
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;

  uint64_t root() const { return root_; }

  // Maps pages at `address` to consecutive guest physical pages. `access` is what their entries say besides; 0 unmaps.
  // Addresses are page multiples below 2^48; the caller checked. Calls `changed(physical)` for every entry that was present and now differs.
  // Throws std::system_error ENOMEM; what was mapped by then stays.
  template <typename Changed>
  void Set(uint64_t address, uint64_t length, uint64_t physical, uint64_t access, Changed changed);

 private:
  static constexpr uint64_t kAddressMask = 0x0000fffffffff000;

  uint64_t* Walk(uint64_t address, bool make);
  // Frees the tables on the way to `address` that are empty, but never the root.
  void Prune(uint64_t address);
  void FreeTable(uint64_t table, int level);

  SupervisorPages& pages_;
  uint64_t root_;
};

template <typename Changed>
void PageTable::Set(uint64_t address, uint64_t length, uint64_t physical, uint64_t access,
                    Changed changed) {
  constexpr uint64_t kTableSpan = 512 * kPageSize;
  bool present = access & kPresent;

  for (uint64_t end = address + length; address < end;) {
    uint64_t stop = std::min(end, (address / kTableSpan + 1) * kTableSpan);
    uint64_t* table = Walk(address, present);
    if (table == nullptr) {
      physical += stop - address;
      address = stop;
      continue;
    }
    uint64_t first = address;
    // SAFETY: a difference of two addresses of one region.
    uint64_t page = reinterpret_cast<uint8_t*>(table) - pages_.Data(0);
    uint16_t& count = pages_.Present(page);
    for (; address < stop; address += kPageSize, physical += kPageSize) {
      uint64_t& entry = table[(address / kPageSize) % 512];
      uint64_t old = entry;
      uint64_t now = present ? physical | access : 0;
      if (old == now) continue;
      __atomic_store_n(&entry, now, __ATOMIC_RELEASE);
      count = static_cast<uint16_t>(count + (present ? 1 : 0) - (old & kPresent ? 1 : 0));
      if (old & kPresent) changed(old & kAddressMask);
    }
    if (count == 0) Prune(first);
  }
}

}  // namespace hv

#endif  // HV_KVM_PAGE_TABLE_H_
