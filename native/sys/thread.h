// thread.h: starts a thread that takes none of the process's signals.
#ifndef HV_SYS_THREAD_H_
#define HV_SYS_THREAD_H_

#include <signal.h>

#include <initializer_list>
#include <thread>
#include <utility>

namespace hv {

// Signals go to the threads that know them; this one gets only those of `unblocked`.
template <typename Body>
std::thread StartThread(std::initializer_list<int> unblocked, Body body) {
  sigset_t blocked, old;
  sigfillset(&blocked);
  for (int signal : unblocked) sigdelset(&blocked, signal);
  pthread_sigmask(SIG_SETMASK, &blocked, &old);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  return thread;
}

}  // namespace hv

#endif  // HV_SYS_THREAD_H_
