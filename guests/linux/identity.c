// identity: process, group, session, user ids and capabilities. man 2 getpid, getuid, setuid, getgroups, setsid, capget.
#include <grp.h>
#include <linux/capability.h>

#include "check.h"

static void check_processes(void) {
  pid_t pid = getpid();
  CHECK(pid > 0);
  CHECK_EQ(syscall(SYS_gettid), pid);
  CHECK(getppid() >= 0);
  CHECK(getpgrp() >= 0);
  CHECK_EQ(getpgid(0), getpgrp());
  CHECK_EQ(getpgid(pid), getpgrp());
  CHECK(getsid(0) >= 0);
  CHECK_ERRNO(getpgid(-1), ESRCH);
  CHECK_ERRNO(getpgid(0x3fffffff), ESRCH);
  CHECK_ERRNO(setpgid(0, -1), EINVAL);

  // A group leader may not found a session; anyone else becomes the leader of a new one.
  if (getpgrp() == pid) {
    CHECK_ERRNO(setsid(), EPERM);
  } else {
    CHECK_EQ(setsid(), pid);
    CHECK_EQ(getsid(0), pid);
    CHECK_EQ(getpgrp(), pid);
    CHECK_ERRNO(setsid(), EPERM);
  }
}

static void check_users(void) {
  uid_t r, e, s;
  CHECK_EQ(getresuid(&r, &e, &s), 0);
  CHECK(r == getuid() && e == geteuid());
  CHECK_EQ(getresgid(&r, &e, &s), 0);
  CHECK(r == getgid() && e == getegid());
  // -1 leaves an id as it is; anyone may set an id to its current value.
  CHECK_EQ(setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1), 0);
  CHECK_EQ(setuid(getuid()), 0);
  CHECK_EQ(setgid(getgid()), 0);
  CHECK_EQ(setreuid((uid_t)-1, getuid()), 0);
  CHECK_ERRNO(setuid((uid_t)-1), EINVAL);
  if (is_root()) return;
  CHECK_ERRNO(setuid(0), EPERM);
  CHECK_ERRNO(setgid(0), EPERM);
  CHECK_ERRNO(setresuid(0, 0, 0), EPERM);
  gid_t groups[1] = {0};
  CHECK_ERRNO(setgroups(1, groups), EPERM);
}

static void check_groups(void) {
  gid_t groups[1024];
  int count = getgroups(0, 0);
  CHECK(count >= 0 && count <= 1024);
  CHECK_EQ(getgroups(1024, groups), count);
  if (count > 1) CHECK_ERRNO(getgroups(count - 1, groups), EINVAL);
  CHECK_ERRNO(getgroups(-1, groups), EINVAL);
}

static void check_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  CHECK_EQ(syscall(SYS_capget, &header, data), 0);
  if (!is_root()) CHECK_EQ(data[0].effective & (1u << CAP_SYS_ADMIN), 0);
  CHECK_EQ(data[0].effective & ~data[0].permitted, 0);
  header.version = 0x12345;
  CHECK_ERRNO(syscall(SYS_capget, &header, data), EINVAL);
  CHECK_EQ(header.version, _LINUX_CAPABILITY_VERSION_3);
}

// File-system ids: the call returns the old one, and never fails visibly.
static void check_filesystem_ids(void) {
  CHECK_EQ(syscall(SYS_setfsuid, -1), geteuid());
  CHECK_EQ(syscall(SYS_setfsgid, -1), getegid());
}

int main(void) {
  check_processes();
  check_users();
  check_groups();
  check_capabilities();
  check_filesystem_ids();
  return finish();
}
