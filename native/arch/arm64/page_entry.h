// page_entry.h: what an entry of a page table says (Arm ARM D8.3, VMSAv8-64 descriptors), and how written code is published.
#pragma once

#include <cstdint>

namespace hv {

// What a page descriptor may say besides its address.
enum Access : uint64_t {
  kPresent = 1u << 0,
  kPageOrTable = 1u << 1,
  kDevice = 1u << 2,    // AttrIndx 1 of MAIR_EL1: Device-nGnRE; else 0: Normal, write-back
  kUser = 1u << 6,      // AP[1]
  kReadOnly = 1u << 7,  // AP[2]
  kInnerShareable = 3u << 8,
  kAccessFlag = 1u << 10,
  kNotGlobal = 1u << 11,
  kPrivilegedExecuteNever = 1ull << 53,
  kUserExecuteNever = 1ull << 54,
};
constexpr uint64_t kTable = kPresent | kPageOrTable;
constexpr uint64_t kPage = kPresent | kPageOrTable | kInnerShareable | kAccessFlag;
constexpr uint64_t kKernelCode = kPage | kReadOnly | kUserExecuteNever;
constexpr uint64_t kKernelData = kPage | kPrivilegedExecuteNever | kUserExecuteNever;

// A program's page; `protection` as in mmap(2), not 0. PROT_EXEC alone is execute-only.
constexpr uint64_t UserPage(uint64_t protection) {
  constexpr uint64_t kProtRead = 1, kProtWrite = 2, kProtExec = 4;
  return kPage | kNotGlobal | kPrivilegedExecuteNever |
         (protection & (kProtRead | kProtWrite) ? uint64_t{kUser} : 0) |
         (protection & kProtWrite ? 0 : uint64_t{kReadOnly}) |
         (protection & kProtExec ? 0 : uint64_t{kUserExecuteNever});
}

// True: the new entry leads where the present old one led, and takes no right away. A Cpu that still has the old one faults at worst.
inline bool OnlyAdds(uint64_t old, uint64_t now) {
  constexpr uint64_t kDenials = kReadOnly | kUserExecuteNever;
  return ((old ^ now) & ~(kDenials | kUser)) == 0 && (now & ~old & kDenials) == 0 &&
         (old & ~now & kUser) == 0;
}

namespace arch {

// Tables that no longer map anything are removed: the flush that follows reaches walk caches too.
inline bool KeepsTables() { return false; }
// Nothing to do: TLBI in the shim reaches everything.
inline void Forget(uint8_t*, uint64_t, bool) {}
// The program will execute these bytes, which were written as data. True: the shim has its part to do (HV_ACTION_SYNC_CODE).
bool PublishCode(uint8_t* memory, uint64_t length);

}  // namespace arch
}  // namespace hv
