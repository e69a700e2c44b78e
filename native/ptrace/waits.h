// waits.h: which traced thread stopped, and how: wait(2).
#ifndef HV_PTRACE_WAITS_H_
#define HV_PTRACE_WAITS_H_

#include <sys/types.h>

#include <optional>
#include <unordered_map>

#include "ptrace/tracee.h"

namespace hv {

// Waits for threads of one process group alone: this process's other children are theirs who started them. What came while
// another was waited for is kept until it is asked for.
class Waits {
 public:
  // From now on: the group of all tracees.
  void SetGroup(pid_t group) { group_ = group; }

  // `is_alone`: nobody else's end could hide its own. The kernel tells the end of a process, or of a PID namespace's first one,
  // only after those of all its threads, or of all in the namespace, have been waited for.
  Stop For(pid_t thread, bool is_alone);
  // The same without waiting; nothing: it runs, or its end is still to be told.
  std::optional<Stop> Poll(pid_t thread);
  struct Any {
    pid_t thread;
    Stop stop;
  };
  // Nothing: there are no tracees.
  std::optional<Any> Next();
  // It is reaped, or nobody's any more.
  void Forget(pid_t thread) { seen_.erase(thread); }

 private:
  std::optional<Stop> Seen(pid_t thread);

  pid_t group_ = 0;
  std::unordered_map<pid_t, Stop> seen_;
};

}  // namespace hv

#endif  // HV_PTRACE_WAITS_H_
