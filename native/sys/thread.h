// thread.h: keeps signals from the calling thread, and from threads that it starts.
#pragma once

#include <signal.h>

#include <initializer_list>
#include <thread>
#include <utility>

namespace hv {

// While one lives, its thread gets only the signals of `unblocked`.
class BlockedSignals {
 public:
  explicit BlockedSignals(std::initializer_list<int> unblocked = {}) {
    sigset_t blocked;
    sigfillset(&blocked);
    for (int signal : unblocked) sigdelset(&blocked, signal);
    pthread_sigmask(SIG_SETMASK, &blocked, &old_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;

 private:
  sigset_t old_;
};

// Signals go to the threads that know them; this one gets only those of `unblocked`.
template <typename Body>
std::thread StartThread(std::initializer_list<int> unblocked, Body body) {
  BlockedSignals blocked(unblocked);
  return std::thread(std::move(body));
}

}  // namespace hv
