// waits.h: which traced thread stopped, and how: wait(2).
#pragma once

#include <sys/types.h>

#include <optional>
#include <unordered_map>

#include "ptrace/tracee.h"

namespace hv {

// Waits for threads of one process group alone: this process's other children belong to whatever started them. Stops that came while
// another thread was waited for are kept until they are asked for.
class Waits {
 public:
  // The group of all tracees, from now on.
  void SetGroup(pid_t group) { group_ = group; }

  // `is_alone`: no other thread's end can hide its own. The kernel reports the end of a process, or of a PID namespace's first one,
  // only after the ends of all its threads, or of all in the namespace, have been waited for.
  Stop For(pid_t thread, bool is_alone);
  // The same without waiting; nothing: it runs, or its end is yet to be reported.
  std::optional<Stop> Poll(pid_t thread);
  struct Any {
    pid_t thread;
    Stop stop;
  };
  // Nothing: there are no tracees.
  std::optional<Any> Next();
  // It is reaped, or no longer waited for.
  void Forget(pid_t thread) { seen_.erase(thread); }

 private:
  std::optional<Stop> Seen(pid_t thread);
  pid_t WaitFor(pid_t whom, int& status, int options = 0);

  pid_t group_ = 0;
  unsigned count_ = 0;
  std::unordered_map<pid_t, Stop> seen_;
};

}  // namespace hv
