// futex.h: sleeping on a word of memory: futex(2), within this process.
#ifndef HV_SYS_FUTEX_H_
#define HV_SYS_FUTEX_H_

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace hv {

// Sleeps while the word is `expected`; may return early.
inline void FutexWait(std::atomic<uint32_t>& word, uint32_t expected) {
  // SAFETY: std::atomic<uint32_t> is a plain 32-bit word (static_assert below).
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

inline void FutexWake(std::atomic<uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

static_assert(sizeof(std::atomic<uint32_t>) == 4 && std::atomic<uint32_t>::is_always_lock_free);

}  // namespace hv

#endif  // HV_SYS_FUTEX_H_
