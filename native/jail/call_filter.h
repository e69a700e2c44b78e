// call_filter.h: the system calls that a sentry makes once it has started, and none besides: seccomp(2).
#ifndef HV_JAIL_CALL_FILTER_H_
#define HV_JAIL_CALL_FILTER_H_

namespace hv {

struct FilterOptions {
  // It runs its guests by ptrace; else by KVM.
  bool traces;
  // It has the host's terminal, and stops with its guest.
  bool has_terminal;
  // It takes who connects to a socket that it listens to: a debugger.
  bool accepts;
};

// For every thread, now and later. Other calls fail with EPERM: clone3(2), whose arguments no filter sees, with ENOSYS.
// Returns 0 or an errno.
int FilterCalls(const FilterOptions& options);

}  // namespace hv

#endif  // HV_JAIL_CALL_FILTER_H_
