// landlock.h: rules on files, TCP and signals that a process puts on itself and cannot lift. Documentation/userspace-api/landlock.rst.
#pragma once

#include <sys/types.h>

#include <set>
#include <vector>

#include "jail/every_thread.h"
#include "jail/file_rule.h"

namespace hv {

// The version of Landlock's ABI, 1 or more, or a negative errno: EOPNOTSUPP, it is switched off; ENOSYS.
int LandlockVersion();

// This thread, and what is born from it from now on, may signal only one another. No TCP, no abstract UNIX sockets of others. The
// thread can no longer mount anything. Names move between directories beneath `/`, and beneath the writable ones of `files`, which may
// get mounts of their own later. What the host's version lacks is left out. Returns 0 or an errno.
int RestrictReach(int version, const std::vector<FileRule>& files);

// The threads of this process that existed before, except the caller's.
using Others = std::set<pid_t>;

// From now on only what lies beneath these can be opened: read, or (writable) changed. Nothing of it is executed, no device is made.
// The reach of `others` is restricted, too. A thread born since then has its maker's: the maker may signal threads born from it, and
// a restriction of their own would forbid that. Returns 0 or an errno.
int RestrictFiles(EveryThread& threads, int version, const std::vector<FileRule>& rules,
                  const Others& others);

}  // namespace hv
