// call_filter.h: the system calls that a sentry makes once it has started, or a bare machine, and none besides: seccomp(2).
#ifndef HV_JAIL_CALL_FILTER_H_
#define HV_JAIL_CALL_FILTER_H_

namespace hv {

enum class Caller {
  // A sentry that runs its guests by KVM, or by ptrace.
  kKvm,
  kPtrace,
  // A bare machine that is made: its vCPU runs, and its devices read and write what is open.
  kMachine,
  // A kernel's machine that is made: besides, its devices interrupt, and serve files.
  kKernel,
};

struct FilterOptions {
  Caller caller;
  // It has the host's terminal, and stops with its guest.
  bool has_terminal;
  // It may make a machine yet: a kernel's another one, for a reset. Else another filter is laid over this one when that is decided.
  bool is_undecided;
  // It takes who connects to a socket that it listens to: a debugger, who may look into a machine's vCPUs.
  bool accepts;
  // It leaves a core file of a machine that dies: what vCPUs have is read, and the file, which is open, is written.
  bool dumps;
};

// For every thread, now and later. Other calls fail with EPERM: clone3(2), whose arguments no filter sees, with ENOSYS.
// Returns 0 or an errno.
int FilterCalls(const FilterOptions& options);

}  // namespace hv

#endif  // HV_JAIL_CALL_FILTER_H_
