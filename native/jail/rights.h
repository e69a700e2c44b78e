// rights.h: gives up for good a process's capabilities, its user, and ways to gain either.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "jail/every_thread.h"

namespace hv {

struct Identity {
  uid_t uid;
  gid_t gid;
};

// Each thread becomes `identity`, without further groups, and keeps of its capabilities only `keep` (bits by number), which it
// cannot pass on. Returns 0 or an errno.
int GiveUpRights(EveryThread& threads, uint64_t keep, std::optional<Identity> identity);

// For good: what this thread, and whatever is born from it from now on, leaves in branch predictors steers no others, and theirs does
// not steer it. Documentation/userspace-api/spec_ctrl.rst. Returns 0 or an errno: ENXIO, this processor needs none of it, or the
// host has no control for it; ENODEV, this architecture has none.
int LimitSpeculation();

// For good, without CAP_SYS_RESOURCE: lowers a resource's limits (getrlimit(2)) to `most`. Returns 0 or an errno.
int LimitResource(int resource, uint64_t most);

// Keeps other processes off the other threads of the same core: core scheduling. Inherited. Returns 0 or an errno.
int ShareNoCore();

}  // namespace hv
