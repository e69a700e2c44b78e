// page_entry.cc: what PVM hosts need from page tables.

#include "arch/x86_64/page_entry.h"

#include "arch/x86_64/pvm.h"

namespace hv::arch {

// PVM shadows these tables and does not see our writes. It can be made to forget what it remembers of a leaf, but not that
// one table leads to another: so tables stay where they are.
bool KeepsTables() { return pvm::IsHost(); }

void Forget(uint8_t* memory, uint64_t length, bool is_kept) {
  if (pvm::IsHost()) pvm::Forget(memory, length, is_kept);
}

}  // namespace hv::arch
