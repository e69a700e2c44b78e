// before_exit.h: undoes what must be undone when this process ends without JavaScript's help: a terminal's mode.
#ifndef HV_SYS_BEFORE_EXIT_H_
#define HV_SYS_BEFORE_EXIT_H_

#include <atomic>

namespace hv {

// Called on any thread, while all others go on, straight before _exit. None by default; it must not wait.
inline std::atomic<void (*)()> before_exit{nullptr};

}  // namespace hv

#endif  // HV_SYS_BEFORE_EXIT_H_
