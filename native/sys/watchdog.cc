// watchdog.cc: a thread that sleeps until the deadline, or until it is called off.

#include "sys/watchdog.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "sys/futex.h"
#include "sys/monotonic.h"
#include "sys/terminal_guard.h"
#include "sys/thread.h"

namespace hv {
namespace {

// Never waits: the process may be stuck on a pipe that nothing reads. What poll(2) calls writable takes PIPE_BUF bytes.
void Say(const std::string& line) {
  pollfd standard_error = {STDERR_FILENO, POLLOUT, 0};
  if (::poll(&standard_error, 1, 0) <= 0) return;
  [[maybe_unused]] ssize_t put =
      ::write(STDERR_FILENO, line.data(), std::min<size_t>(line.size(), PIPE_BUF));
}

}  // namespace

Watchdog::Watchdog(int64_t deadline_ns, int status, std::string line)
    : deadline_ns_(deadline_ns), status_(status), line_(std::move(line)) {
  thread_ = StartThread({}, [this] { Run(); });
}

Watchdog::~Watchdog() {
  called_off_ = 1;
  FutexWake(called_off_);
  thread_.join();
}

void Watchdog::Run() {
  while (called_off_ == 0) {
    int64_t left = deadline_ns_ - MonotonicNs();
    if (left > 0) {
      FutexWaitFor(called_off_, 0, left);
      continue;
    }
    RestoreTerminal();
    Say(line_);
    ::_exit(status_);
  }
}

}  // namespace hv
