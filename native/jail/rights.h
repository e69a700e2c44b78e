// rights.h: what a process gives up for good: capabilities, its user, and gaining either.
#ifndef HV_JAIL_RIGHTS_H_
#define HV_JAIL_RIGHTS_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "jail/every_thread.h"

namespace hv {

struct Identity {
  uid_t uid;
  gid_t gid;
};

// Each thread becomes `identity`, without further groups, and has of its capabilities only `keep` (bits by number), which it can
// pass on to nobody. Returns 0 or an errno.
int GiveUpRights(EveryThread& threads, uint64_t keep, std::optional<Identity> identity);

// What this thread, and whatever is born from it from now on, leaves in branch predictors steers nobody else, and nobody else's steers
// it: for good. Documentation/userspace-api/spec_ctrl.rst. Returns 0 or an errno: ENXIO, this processor needs none of it; ENODEV, this
// architecture has no such control.
int LimitSpeculation();

// Bounds what the process allocates for itself: RLIMIT_DATA of getrlimit(2). Returns 0 or an errno.
int LimitData(uint64_t bytes);

// No other process on the same core's other threads: core scheduling. Inherited. Returns 0 or an errno.
int ShareNoCore();

}  // namespace hv

#endif  // HV_JAIL_RIGHTS_H_
