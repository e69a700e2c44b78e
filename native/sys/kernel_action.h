// kernel_action.h: Linux's struct sigaction, which differs from the C library's: for signals and processes that the library does not know.
#pragma once

#include <cstdint>

namespace hv {

// The kernel's signal set is one word.
using KernelSignalSet = uint64_t;

// arm64 has the field `restorer` too.
struct KernelAction {
  uint64_t handler;
  uint64_t flags;
  uint64_t restorer;
  KernelSignalSet mask;
};
// SA_RESTORER: without it x86_64 makes no signal frame.
constexpr uint64_t kRestorer = 0x04000000;

}  // namespace hv
