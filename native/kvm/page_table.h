// page_table.h: the supervisor region's pages, and page tables in them: four levels of 512 entries, the same on x86_64 (SDM vol. 3,
// 4.5) and arm64 (Arm ARM D8.2); arch/*/page_entry.h knows what an entry says.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "arch/cpu.h"
#include "kvm/vm.h"

namespace hv {

constexpr uint64_t kPageSize = 4096;

// Hands out zeroed pages of the supervisor region. Its guest physical addresses start at 0: page 0 stays unused, so that 0
// means none.
class SupervisorPages {
 public:
  explicit SupervisorPages(std::shared_ptr<Region> region)
      : region_(std::move(region)), present_(region_->mapping.size() / kPageSize) {}

  // Guest physical. Throws std::system_error ENOMEM when none is left but those that are set aside.
  uint64_t Allocate();
  void Free(uint64_t page);
  // Sets pages aside for what must not fail later. Throws std::system_error ENOMEM.
  void SetAside(size_t count);
  // Makes them available to all again.
  void GiveBack(size_t count) { aside_ -= count; }
  // While one lives, `Allocate` takes pages that were set aside.
  class Spending {
   public:
    explicit Spending(SupervisorPages& pages) : pages_(pages) { pages_.is_spending_ = true; }
    ~Spending() { pages_.is_spending_ = false; }
    Spending(const Spending&) = delete;
    Spending& operator=(const Spending&) = delete;

   private:
    SupervisorPages& pages_;
  };
  uint8_t* Data(uint64_t page) const { return region_->mapping.data() + page; }
  // SAFETY: a page that was allocated here, aligned, which lives as long as the region.
  uint64_t* Entries(uint64_t page) const { return reinterpret_cast<uint64_t*>(Data(page)); }
  // How many entries of a page that is a table are present: an empty table is freed.
  uint16_t& Present(uint64_t page) { return present_[page / kPageSize]; }

 private:
  std::shared_ptr<Region> region_;
  std::vector<uint16_t> present_;
  std::vector<uint64_t> free_;
  uint64_t next_ = kPageSize;
  size_t aside_ = 0;
  bool is_spending_ = false;

  size_t Left() const {
    return free_.size() + static_cast<size_t>(region_->mapping.size() - next_) / kPageSize;
  }
};

class PageTable {
 public:
  // What one table of the last level covers.
  static constexpr uint64_t kTableSpan = 512 * kPageSize;

  explicit PageTable(SupervisorPages& pages) : pages_(pages), root_(pages.Allocate()) {}
  ~PageTable();
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;

  uint64_t root() const { return root_; }

  // Maps pages at `address` to consecutive guest physical pages. `access` is what their entries say besides the address; 0 unmaps.
  // Addresses are page multiples below 2^48; the caller checked. Calls `changing(old, now)` before an entry that is present becomes
  // another one. Throws std::system_error ENOMEM; what was mapped by then stays.
  template <typename Changing>
  void Set(uint64_t address, uint64_t length, uint64_t physical, uint64_t access,
           Changing changing);
  // Copies the entries of `from` below `end`, a multiple of kTableSpan. Precondition: nothing is mapped there. Throws
  // std::system_error ENOMEM; what was copied by then stays.
  void CopyFrom(const PageTable& from, uint64_t end);
  // Makes the tables that an entry for `address` needs. Throws std::system_error ENOMEM.
  void Prepare(uint64_t address) { Walk(address, true); }
  // Calls `visit(address, page)` for each table of the last level below `end` that maps something; it may unmap that.
  template <typename Visit>
  void ForEachTable(uint64_t end, Visit visit) const {
    Descend(root_, kLevels - 1, 0, end, visit);
  }

  // The guest physical page that an entry leads to.
  static uint64_t Target(uint64_t entry) { return entry & kAddressMask; }

 private:
  static constexpr uint64_t kAddressMask = 0x0000fffffffff000;
  static constexpr int kLevels = 4;

  uint64_t* Walk(uint64_t address, bool make);
  // The page of the table that `Walk` found.
  uint64_t PageOf(const uint64_t* table) const {
    // SAFETY: a difference of two addresses of one region.
    return static_cast<uint64_t>(reinterpret_cast<const uint8_t*>(table) - pages_.Data(0));
  }
  // Frees the tables on the way to `address` that are empty, but never the root.
  void Prune(uint64_t address);
  void FreeTable(uint64_t table, int level);
  template <typename Visit>
  void Descend(uint64_t table, int level, uint64_t address, uint64_t end, Visit visit) const;

  SupervisorPages& pages_;
  uint64_t root_;
};

template <typename Changing>
void PageTable::Set(uint64_t address, uint64_t length, uint64_t physical, uint64_t access,
                    Changing changing) {
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
    uint16_t& count = pages_.Present(PageOf(table));
    for (; address < stop; address += kPageSize, physical += kPageSize) {
      uint64_t& entry = table[(address / kPageSize) % 512];
      uint64_t old = entry;
      uint64_t now = present ? physical | access : 0;
      if (old == now) continue;
      if (old & kPresent) changing(old, now);
      __atomic_store_n(&entry, now, __ATOMIC_RELEASE);
      count = static_cast<uint16_t>(count + (present ? 1 : 0) - (old & kPresent ? 1 : 0));
    }
    if (count == 0) Prune(first);
  }
}

template <typename Visit>
void PageTable::Descend(uint64_t table, int level, uint64_t address, uint64_t end,
                        Visit visit) const {
  uint64_t span = kPageSize << (9 * level);
  for (unsigned i = 0; i < 512 && address < end; i++, address += span) {
    uint64_t entry = pages_.Entries(table)[i];
    if (!(entry & kPresent)) continue;
    if (level > 1) {
      Descend(Target(entry), level - 1, address, end, visit);
    } else if (pages_.Present(Target(entry)) != 0) {
      visit(address, Target(entry));
    }
  }
}

}  // namespace hv
