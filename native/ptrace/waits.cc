// waits.cc: waitpid(2) for one thread or for a process group.

#include "ptrace/waits.h"

#include <signal.h>
#include <sys/wait.h>

#include <cerrno>

namespace hv {
namespace {

// So many waits until the handler is looked at again.
constexpr unsigned kWaits = 1024;

// While this process has children of its own, libuv handles SIGCHLD. The kernel sends it for each stop of a tracee, too, unless whoever
// handles it does not want stops; ends are still told. libuv sets its handler when the first child comes.
void RefuseStopSignals() {
  struct sigaction action;
  if (::sigaction(SIGCHLD, nullptr, &action) < 0 || (action.sa_flags & SA_NOCLDSTOP)) return;
  if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) return;
  action.sa_flags |= SA_NOCLDSTOP;
  ::sigaction(SIGCHLD, &action, nullptr);
}

}  // namespace

// __WNOTHREAD: only those that this thread traces.
pid_t Waits::WaitFor(pid_t whom, int& status, int options) {
  if (count_++ % kWaits == 0) RefuseStopSignals();
  pid_t found;
  do {
    found = ::waitpid(whom, &status, __WALL | __WNOTHREAD | options);
  } while (found < 0 && errno == EINTR);
  return found;
}

Stop Waits::For(pid_t thread, bool is_alone) {
  if (std::optional<Stop> seen = Seen(thread)) return *seen;
  for (;;) {
    int status;
    pid_t found = WaitFor(is_alone || group_ == 0 ? thread : -group_, status);
    // Another wait of this process took the status.
    if (found < 0) return {Stop::kGone, SIGKILL};
    if (found == thread) return Stop::Of(status);
    // An end may come after a stop that was not asked for; the end counts.
    seen_.insert_or_assign(found, Stop::Of(status));
  }
}

std::optional<Stop> Waits::Poll(pid_t thread) {
  if (std::optional<Stop> seen = Seen(thread)) return seen;
  int status;
  if (WaitFor(thread, status, WNOHANG) != thread) return std::nullopt;
  return Stop::Of(status);
}

std::optional<Waits::Any> Waits::Next() {
  if (seen_.empty()) {
    int status;
    pid_t found = WaitFor(-group_, status);
    if (found < 0) return std::nullopt;
    // The kernel first reports the one that has been traced longest: if that one always stops again at once, it reports no other.
    for (; found > 0; found = WaitFor(-group_, status, WNOHANG))
      seen_.insert_or_assign(found, Stop::Of(status));
  }
  auto first = seen_.begin();
  Any any = {first->first, first->second};
  seen_.erase(first);
  return any;
}

std::optional<Stop> Waits::Seen(pid_t thread) {
  if (seen_.empty()) return std::nullopt;
  auto found = seen_.find(thread);
  if (found == seen_.end()) return std::nullopt;
  Stop stop = found->second;
  seen_.erase(found);
  return stop;
}

}  // namespace hv
