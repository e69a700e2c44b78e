// watcher.h: host descriptors and a deadline, watched while the sentry's thread may be inside KVM_RUN.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "sys/eventfd.h"
#include "sys/fd.h"

namespace hv {

// The sentry's thread calls everything. A second thread, started once there is something to watch, only alerts it:
// it sets `attention` and calls the target, which ends KVM_RUN.
class Watcher {
 public:
  // `attention`: a word that JavaScript looks at; it outlives the watcher.
  explicit Watcher(std::atomic<uint32_t>& attention);
  ~Watcher();

  // Level-triggered, or edge-triggered with EPOLLET; 0 events: no longer. Throws std::system_error.
  void Watch(int fd, uint32_t events);
  // CLOCK_MONOTONIC nanoseconds; infinity: none.
  void SetDeadline(double deadline_ns);
  // What is ready now, or (`wait`) after sleeping until something is. The deadline appears as fd -1. Does not sleep while
  // `unless` is nonzero: set it, then call RingIfAsleep.
  int Poll(epoll_event* events, int size, bool wait, const std::atomic<uint32_t>* unless = nullptr);
  // Ends a Poll that sleeps; any thread.
  void Ring();
  // Rings if a Poll sleeps. Returns whether one did.
  bool RingIfAsleep() {
    if (!asleep_) return false;
    Ring();
    return true;
  }
  // The watching thread calls it while `attention` is set and the sentry does not poll. The last one set counts.
  void SetTarget(const void* owner, std::function<void()> target);
  // Clears the target if it is the owner's.
  void ClearTarget(const void* owner);
  // Nonzero: Poll has something.
  std::atomic<uint32_t>& attention() { return attention_; }

 private:
  void Start();
  void Run();
  bool IsReady(int timeout);

  Fd epoll_;
  Fd timer_;
  Eventfd bell_;
  std::mutex mutex_;
  std::function<void()> target_;
  const void* target_owner_ = nullptr;
  std::atomic<uint32_t>& attention_;
  std::atomic<bool> asleep_{false};
  std::atomic<bool> quit_{false};
  double deadline_ns_;
  std::thread thread_;
};

}  // namespace hv
