// watcher.cc: epoll(7) over descriptors, a timerfd and a bell; and the thread that interrupts the guest for them.

#include "sys/watcher.h"

#include <poll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sys/futex.h"
#include "sys/ioctl.h"
#include "sys/thread.h"

namespace hv {

namespace {

// What comes next, if the sentry then runs a program that computes, is late by no more than the first, or the last if the sentry had no
// processor to wake up on.
constexpr int64_t kAfterSleepNs = 1'000'000, kStarvedNs = 8'000'000;

}  // namespace

Watcher::Watcher(std::atomic<uint32_t>& attention)
    : epoll_(Check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      timer_(
          Check(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create")),
      attention_(attention),
      deadline_ns_(std::numeric_limits<double>::infinity()) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = timer_.get();
  Check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer_.get(), &event), "epoll_ctl");
  event.data.fd = bell_.fd();
  Check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell_.fd(), &event), "epoll_ctl");
}

Watcher::~Watcher() {
  if (!thread_.joinable()) return;
  quit_ = true;
  Ring();
  attention() = 0;
  FutexWake(attention());
  thread_.join();
}

void Watcher::Watch(int fd, uint32_t events) {
  if (events == 0) {
    // Fails for a descriptor that is closed: epoll has dropped it already.
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    return;
  }
  epoll_event event = {};
  event.events = events;
  event.data.fd = fd;
  // A watch for one event is mostly set again.
  const bool is_again = (events & EPOLLONESHOT) != 0;
  const auto control = [&](bool changes) {
    return ::epoll_ctl(epoll_.get(), changes ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  };
  int result = control(is_again);
  if (result < 0 && errno == (is_again ? ENOENT : EEXIST)) result = control(!is_again);
  // A file that does not support poll, /dev/null or a regular one, never becomes any readier than it is.
  if (result < 0 && errno == EPERM) return;
  Check(result, "epoll_ctl");
  Start();
}

void Watcher::SetDeadline(double deadline_ns) {
  if (deadline_ns == deadline_ns_) return;
  deadline_ns_ = deadline_ns;
  itimerspec time = {};
  if (!std::isinf(deadline_ns)) {
    double whole = deadline_ns < 1 ? 1 : deadline_ns;
    time.it_value.tv_sec = static_cast<time_t>(whole / 1e9);
    time.it_value.tv_nsec =
        static_cast<long>(whole - static_cast<double>(time.it_value.tv_sec) * 1e9);
  }
  Check(::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &time, nullptr), "timerfd_settime");
  if (!std::isinf(deadline_ns)) Start();
}

int Watcher::Poll(epoll_event* events, int size, bool wait, const std::atomic<uint32_t>* unless) {
  int count;
  if (wait) asleep_ = true;
  if (unless != nullptr && *unless != 0) wait = false;
  do {
    count = ::epoll_wait(epoll_.get(), events, size, wait ? -1 : 0);
  } while (count < 0 && errno == EINTR && !wait);
  asleep_ = false;
  if (count < 0 && errno != EINTR)
    throw std::system_error(errno, std::generic_category(), "epoll_wait");

  int kept = 0;
  for (int i = 0; i < count; i++) {
    if (events[i].data.fd == bell_.fd()) {
      bell_.Take();
      continue;
    }
    events[kept] = events[i];
    if (events[i].data.fd == timer_.get()) events[kept].data.fd = -1;
    kept++;
  }
  if (attention().exchange(0) != 0) FutexWake(attention());
  return kept;
}

void Watcher::Ring() { bell_.Signal(); }

void Watcher::SetTarget(const void* owner, std::function<void()> target) {
  std::lock_guard lock(mutex_);
  target_ = std::move(target);
  target_owner_ = owner;
}

void Watcher::ClearTarget(const void* owner) {
  std::lock_guard lock(mutex_);
  if (target_owner_ == owner) target_ = nullptr;
}

void Watcher::Start() {
  if (!thread_.joinable()) thread_ = StartThread({}, [this] { Run(); });
}

// Only looks: an edge-triggered event is reported once, and Poll must get it.
bool Watcher::IsReady(int timeout) {
  pollfd ready = {epoll_.get(), POLLIN, 0};
  return ::poll(&ready, 1, timeout) > 0;
}

void Watcher::Run() {
  while (!quit_) {
    if (!IsReady(-1)) continue;
    // A Poll that sleeps takes it by itself. So it will be with the next one, where a program sleeps for each answer.
    if (asleep_ || !IsReady(0)) {
      int64_t pause_ns = kAfterSleepNs;
      do {
        FutexWaitFor(attention(), 0, pause_ns);
        pause_ns = std::min(2 * pause_ns, kStarvedNs);
      } while (!quit_ && asleep_ && IsReady(0));
      continue;
    }
    attention() = 1;
    // Repeated until the sentry polls: the target may be another one by now.
    for (GrowingPause pause; !quit_ && attention() == 1; pause.Wait(attention(), 1)) {
      std::lock_guard lock(mutex_);
      if (target_) target_();
    }
  }
}

}  // namespace hv
