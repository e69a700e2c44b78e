// page_entry.cc: cache maintenance for code that the host wrote.

#include "arch/arm64/page_entry.h"

namespace hv::arch {

// Arm ARM B2.7.4 and D7.5.9: what was written as data must be cleaned to the point of unification before instruction fetches
// see it, and old instructions invalidated. The host cleans through its own address. It could invalidate only through that
// address, which a virtually indexed instruction cache keeps apart from the program's, so the shim invalidates all.
bool PublishCode(uint8_t* memory, uint64_t length) {
  // SAFETY: the caller's bytes, which the built-in cleans and does not change.
  char* begin = reinterpret_cast<char*>(memory);
  __builtin___clear_cache(begin, begin + length);
  // CTR_EL0.DIC: instruction fetches see what was cleaned, without an invalidation.
  constexpr uint64_t kDic = 1u << 29;
  uint64_t cache_type;
  // SAFETY: reads a register that Linux lets every program read, or emulates.
  asm("mrs %0, ctr_el0" : "=r"(cache_type));
  return (cache_type & kDic) == 0;
}

}  // namespace hv::arch
