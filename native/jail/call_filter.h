// call_filter.h: allows the system calls that a sentry or a bare machine makes once it has started, and no others: seccomp(2).
#pragma once

namespace hv {

enum class Caller {
  // A sentry that runs its guests with KVM, or with ptrace.
  kKvm,
  kPtrace,
  // A bare machine that is made already: its vCPU runs, and its devices read and write what is open.
  kMachine,
  // A kernel's machine that is made already: in addition, its devices interrupt, and serve files.
  kKernel,
};

// How it may change names, modes, owners and times of the host's files.
enum class Changes {
  // Nothing that its guest sees is writable.
  kNone,
  // No path and no O_PATH descriptor leads to what it changes: `..` in one leads out, and Landlock, which decides what is opened, has no
  // say. Names are made and removed by path: about these Landlock decides.
  kThroughOpenFiles,
  // It is in a tree of files from which nothing leads out.
  kAny,
};

struct FilterOptions {
  Caller caller;
  // It has children besides guests' processes: the keeper of the host's terminal, with which it stops; the broker.
  bool has_children;
  // It may still make a machine: a kernel's makes another one, for a reset. Others lay another filter over this one once they decide.
  bool is_undecided;
  // It accepts connections on a socket that it listens to: from a debugger, which may look into a machine's vCPUs.
  bool accepts;
  // It leaves a core file of a machine that dies: it reads the vCPUs' state, and writes the file, which is open.
  bool dumps;
  Changes changes;
};

// For every thread, now and later. No file gets a set-user-ID or set-group-ID bit: whoever runs it would have its owner's rights. Other calls fail with EPERM; clone3(2), whose arguments no filter sees, fails with ENOSYS.
// Returns 0 or an errno.
int FilterCalls(const FilterOptions& options);

}  // namespace hv
