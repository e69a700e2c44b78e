// pledge.h: the calls that Linux does not have and hv does. Linux answers ENOSYS to all three, and then there is nothing more to check.
#pragma once

#include "check.h"

#define SYS_xpledge 10000
#define SYS_pledge 10001
#define SYS_unveil 10002

#define XPLEDGE_RDWR (1 << 0)
#define XPLEDGE_OPEN (1 << 1)

UNUSED static long xpledge(int kinds) { return syscall(SYS_xpledge, kinds); }

UNUSED static long pledge(const char *promises, const char *execpromises) {
  return syscall(SYS_pledge, promises, execpromises);
}

UNUSED static long unveil(const char *path, const char *permissions) {
  return syscall(SYS_unveil, path, permissions);
}

