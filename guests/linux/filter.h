// filter.h: programs for seccomp(2), and calls that they refuse.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "check.h"

// The code of SIGSYS: glibc leaves it out.
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

#define NUMBER offsetof(struct seccomp_data, nr)
#define ARGUMENT(index) (offsetof(struct seccomp_data, args) + 8 * (index))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define UNLESS_EQUAL(value, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped)

UNUSED static int set_filter(unsigned flags, const struct sock_filter *program, size_t length) {
  struct sock_fprog header = {(unsigned short)length, (struct sock_filter *)program};
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &header);
}

// From now on that call has that result; all others are made.
UNUSED static int answer(unsigned flags, unsigned number, unsigned result) {
  const struct sock_filter program[] = {
      LOAD(NUMBER),
      UNLESS_EQUAL(number, 1),
      RETURN(result),
      RETURN(SECCOMP_RET_ALLOW),
  };
  return set_filter(flags, program, COUNT(program));
}

UNUSED static void renounce_privileges(void) { REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0); }

// A field of /proc/self/status; -1: there is none.
UNUSED static int status_field(const char *name) {
  char text[8192], *line;
  if (read_file("/proc/self/status", text, sizeof(text)) <= 0 || !(line = strstr(text, name))) return -1;
  return atoi(line + strlen(name));
}
