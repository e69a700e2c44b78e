// rights.cc: gives rights up: man 7 capabilities, man 7 credentials, prctl(2).

#include "jail/rights.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace hv {
namespace {

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#endif
// Before Linux 4.17 and 4.20.
#ifndef PR_SPEC_INDIRECT_BRANCH
#define PR_SPEC_INDIRECT_BRANCH 1
#endif
// linux/sched.h's PR_SCHED_CORE_CREATE, for the thread group: PIDTYPE_TGID.
constexpr int kCreateCookie = 1, kThreadGroup = 1;

struct Rights {
  uint64_t keep;
  bool has_identity;
  Identity identity;
};

bool Become(const Identity& identity) {
  return ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && ::syscall(SYS_setgroups, 0, nullptr) == 0 &&
         ::syscall(SYS_setresgid, identity.gid, identity.gid, identity.gid) == 0 &&
         ::syscall(SYS_setresuid, identity.uid, identity.uid, identity.uid) == 0;
}

// Not with the C library's calls, which are for all threads.
int GiveUp(const void* argument) {
  const Rights& rights = *static_cast<const Rights*>(argument);
  for (int capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++) {
  }
  if (rights.has_identity && !Become(rights.identity)) return errno;
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  if (::syscall(SYS_capget, &header, data) != 0) return errno;
  for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
    const uint32_t kept = data[word].permitted & static_cast<uint32_t>(rights.keep >> 32 * word);
    data[word] = {kept, kept, 0};
  }
  if (::syscall(SYS_capset, &header, data) != 0) return errno;
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
}

}  // namespace

int GiveUpRights(EveryThread& threads, uint64_t keep, std::optional<Identity> identity) {
  // No core dump may show what the process holds of its guest.
  const rlimit no_core = {};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) return errno;
  const Rights rights = {keep, identity.has_value(), identity.value_or(Identity{})};
  return threads.Do(GiveUp, &rights);
}

int LimitResource(int resource, uint64_t most) {
  rlimit limit;
  if (::getrlimit(resource, &limit) != 0) return errno;
  limit = {std::min<rlim_t>(limit.rlim_cur, most), std::min<rlim_t>(limit.rlim_max, most)};
  return ::setrlimit(resource, &limit) == 0 ? 0 : errno;
}

int ShareNoCore() {
  return ::prctl(PR_SCHED_CORE, kCreateCookie, 0, kThreadGroup, 0) == 0 ? 0 : errno;
}

int LimitSpeculation() {
  const int state = ::prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, 0, 0, 0);
  if (state < 0) return errno;
  // A process has no say in it.
  if (!(state & PR_SPEC_PRCTL)) {
    bool is_limited = state & (PR_SPEC_DISABLE | PR_SPEC_FORCE_DISABLE);
    return is_limited ? 0 : ENXIO;
  }
  return ::prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_FORCE_DISABLE, 0, 0) == 0
             ? 0
             : errno;
}

}  // namespace hv
