// restorer.h: where a signal handler that the C library did not install returns to: rt_sigreturn(2).
#pragma once

#include <cstdint>

namespace hv::arch {

#if defined(__x86_64__)
// SAFETY: naked: the frame lies at the stack pointer, as the kernel left it.
[[gnu::naked]] inline void Restorer() { asm("mov $15, %eax\n\tsyscall"); }
// For struct sigaction's field. SAFETY: the address of a function.
inline uint64_t RestorerAddress() { return reinterpret_cast<uint64_t>(&Restorer); }
#elif defined(__aarch64__)
// 0: the kernel's own, in its vDSO.
inline uint64_t RestorerAddress() { return 0; }
#endif

}  // namespace hv::arch
