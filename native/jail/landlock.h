// landlock.h: rules on files, TCP and signals that a process lays on itself and cannot lift. Documentation/userspace-api/landlock.rst.
#ifndef HV_JAIL_LANDLOCK_H_
#define HV_JAIL_LANDLOCK_H_

#include <vector>

#include "jail/every_thread.h"

namespace hv {

// The version of its ABI, 1 or more, or a negative errno: EOPNOTSUPP, it is switched off; ENOSYS.
int LandlockVersion();

// What this thread, and what is born from it from now on, may signal: nothing else. No TCP, no abstract UNIX sockets of others. It
// can mount nothing any more. What the host's version lacks is left out. Returns 0 or an errno.
int RestrictReach(int version);

struct FileRule {
  // A directory or a file, opened anyhow. The caller's.
  int fd;
  bool is_writable;
};

// From now on only what lies beneath these is opened: read, or (writable) changed. Nothing of it is executed, no device is made.
// The other threads' reach is restricted, too. Returns 0 or an errno.
int RestrictFiles(EveryThread& threads, int version, const std::vector<FileRule>& rules);

}  // namespace hv

#endif  // HV_JAIL_LANDLOCK_H_
