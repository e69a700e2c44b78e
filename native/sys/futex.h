// futex.h: sleeps on a word of memory: futex(2), within this process.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace hv {

// Sleeps while the word is `expected`; may return early.
inline void FutexWait(std::atomic<uint32_t>& word, uint32_t expected) {
  // SAFETY: std::atomic<uint32_t> is a plain 32-bit word (static_assert below).
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

// The same, for at most `ns`.
inline void FutexWaitFor(std::atomic<uint32_t>& word, uint32_t expected, int64_t ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  const timespec time = {static_cast<time_t>(ns / kSecond), static_cast<long>(ns % kSecond)};
  // SAFETY: as above.
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, &time, nullptr, 0);
}

// For callers that ask again until there is an answer: each pause is twice as long as the last.
class GrowingPause {
 public:
  // Waits while the word is `expected`.
  void Wait(std::atomic<uint32_t>& word, uint32_t expected) {
    FutexWaitFor(word, expected, ns_);
    if (ns_ < kLongestNs) ns_ *= 2;
  }

 private:
  static constexpr int64_t kFirstNs = 100'000, kLongestNs = 100'000'000;
  int64_t ns_ = kFirstNs;
};

inline void FutexWake(std::atomic<uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

static_assert(sizeof(std::atomic<uint32_t>) == 4 && std::atomic<uint32_t>::is_always_lock_free);

}  // namespace hv
