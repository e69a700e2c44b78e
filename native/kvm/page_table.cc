// page_table.cc: walks, prunes and frees page tables.

#include "kvm/page_table.h"

#include <cerrno>
#include <cstring>
#include <system_error>

namespace hv {
namespace {

unsigned Index(uint64_t address, int level) { return (address >> (12 + 9 * level)) & 511; }

}  // namespace

uint64_t SupervisorPages::Allocate() {
  if (Left() <= (is_spending_ ? 0 : aside_)) {
    throw std::system_error(ENOMEM, std::generic_category(), "page tables");
  }
  if (is_spending_ && aside_ > 0) aside_--;
  if (!free_.empty()) {
    uint64_t page = free_.back();
    free_.pop_back();
    std::memset(Data(page), 0, kPageSize);
    return page;
  }
  uint64_t page = next_;
  next_ += kPageSize;
  return page;
}

void SupervisorPages::SetAside(size_t count) {
  if (Left() < aside_ + count) {
    throw std::system_error(ENOMEM, std::generic_category(), "page tables");
  }
  aside_ += count;
}

void SupervisorPages::Free(uint64_t page) {
  Present(page) = 0;
  free_.push_back(page);
}

PageTable::~PageTable() { FreeTable(root_, kLevels - 1); }

// The last-level table that holds `address`; nullptr when there is none and `make` is false.
uint64_t* PageTable::Walk(uint64_t address, bool make) {
  uint64_t table = root_;
  for (int level = kLevels - 1; level > 0; level--) {
    uint64_t& entry = pages_.Entries(table)[Index(address, level)];
    if (!(entry & kPresent)) {
      if (!make) return nullptr;
      uint64_t next = pages_.Allocate() | kTable;
      __atomic_store_n(&entry, next, __ATOMIC_RELEASE);
      pages_.Present(table)++;
    }
    table = entry & kAddressMask;
  }
  return pages_.Entries(table);
}

void PageTable::Prune(uint64_t address) {
  if (arch::KeepsTables()) return;
  for (int depth = 1; depth < kLevels; depth++) {
    uint64_t parent = root_;
    for (int level = kLevels - 1; level > depth; level--) {
      parent = pages_.Entries(parent)[Index(address, level)] & kAddressMask;
    }
    uint64_t& entry = pages_.Entries(parent)[Index(address, depth)];
    uint64_t table = entry & kAddressMask;
    if (!(entry & kPresent) || pages_.Present(table) != 0) return;
    __atomic_store_n(&entry, 0, __ATOMIC_RELEASE);
    pages_.Present(parent)--;
    pages_.Free(table);
  }
}

void PageTable::CopyFrom(const PageTable& from, uint64_t end) {
  from.ForEachTable(end, [&](uint64_t address, uint64_t source) {
    uint64_t* table = Walk(address, true);
    std::memcpy(table, pages_.Entries(source), kPageSize);
    pages_.Present(PageOf(table)) = pages_.Present(source);
  });
}

void PageTable::FreeTable(uint64_t table, int level) {
  if (level > 0) {
    for (int i = 0; i < 512; i++) {
      uint64_t entry = pages_.Entries(table)[i];
      if (entry & kPresent) FreeTable(entry & kAddressMask, level - 1);
    }
  }
  pages_.Free(table);
}

}  // namespace hv
