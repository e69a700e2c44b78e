// page_entry.cc: what PVM hosts want of page tables.

#include "arch/x86_64/page_entry.h"

#include "arch/x86_64/pvm.h"

namespace hv::arch {

// PVM shadows these tables and sees no write of ours. What it remembers of a leaf can be made to be forgotten, but not that
// one table leads to another: so they lead there for ever.
bool KeepsTables() { return pvm::IsHost(); }

void Forget(uint8_t* memory, uint64_t length, bool is_kept) {
  if (pvm::IsHost()) pvm::Forget(memory, length, is_kept);
}

}  // namespace hv::arch
