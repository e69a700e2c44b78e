// page_entry.h: what an entry of a page table says (SDM vol. 3, 4.5), and when the processor forgets an old one.
#pragma once

#include <cstdint>

namespace hv {

// What an entry may say besides its address.
enum Access : uint64_t {
  kPresent = 1u << 0,
  kWrite = 1u << 1,
  kUser = 1u << 2,
  // Set from the start: the processor need not write them back.
  kAccessed = 1u << 5,
  kDirty = 1u << 6,
  kNoExecute = 1ull << 63,
};
constexpr uint64_t kKernelPage = kPresent | kAccessed | kDirty;
// Upper levels allow all: the last one decides.
constexpr uint64_t kTable = kPresent | kWrite | kUser | kAccessed;

// A program's page; `protection` as in mmap(2), not 0.
constexpr uint64_t UserPage(uint64_t protection) {
  constexpr uint64_t kProtWrite = 2, kProtExec = 4;
  return kKernelPage | kUser | (protection & kProtWrite ? uint64_t{kWrite} : 0) |
         (protection & kProtExec ? 0 : uint64_t{kNoExecute});
}

// True: the new entry leads where the present old one led, and takes no right away. A Cpu that still has the old one faults at worst.
inline bool OnlyAdds(uint64_t old, uint64_t now) {
  constexpr uint64_t kRights = kWrite | kNoExecute;
  return ((old ^ now) & ~kRights) == 0 && (old & ~now & kWrite) == 0 &&
         (now & ~old & kNoExecute) == 0;
}

namespace arch {

// Whether a table that no longer maps anything stays where it is.
bool KeepsTables();
// Entries that led to these bytes of guest memory have changed: makes the host forget what no flush in the guest reaches.
// `is_kept`: they still lead there.
void Forget(uint8_t* memory, uint64_t length, bool is_kept);
// The program will execute these bytes, which were written as data. True: the shim has its part to do (HV_ACTION_SYNC_CODE).
inline bool PublishCode(uint8_t*, uint64_t) { return false; }

}  // namespace arch
}  // namespace hv
