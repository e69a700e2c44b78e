// landlock.h: rules on files, TCP and signals that a process lays on itself and cannot lift. Documentation/userspace-api/landlock.rst.
#ifndef HV_JAIL_LANDLOCK_H_
#define HV_JAIL_LANDLOCK_H_

#include <sys/types.h>

#include <set>
#include <vector>

#include "jail/every_thread.h"

namespace hv {

// The version of its ABI, 1 or more, or a negative errno: EOPNOTSUPP, it is switched off; ENOSYS.
int LandlockVersion();

// What this thread, and what is born from it from now on, may signal: nothing else. No TCP, no abstract UNIX sockets of others. It
// can mount nothing any more. What the host's version lacks is left out. Returns 0 or an errno.
int RestrictReach(int version);

// The threads of this process that were there before, but for the caller's.
using Others = std::set<pid_t>;

struct FileRule {
  // A directory or a file, opened anyhow. The caller's.
  int fd;
  bool is_writable;
};

// From now on only what lies beneath these is opened: read, or (writable) changed. Nothing of it is executed, no device is made.
// The reach of `others` is restricted, too: a thread that has been born since has its maker's, who may signal what was born from
// it, and another of its own would forbid that. Returns 0 or an errno.
int RestrictFiles(EveryThread& threads, int version, const std::vector<FileRule>& rules,
                  const Others& others);

}  // namespace hv

#endif  // HV_JAIL_LANDLOCK_H_
