// memfd-noexec: what /proc/sys/vm/memfd_noexec makes of memfd_create(2). Documentation/userspace-api/mfd_noexec.rst.
#include <sched.h>

#include "processes.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#define MFD_EXEC 16u
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 32
#endif

static const char setting[] = "/proc/sys/vm/memfd_noexec";

static int set(const char *value) {
  int fd = open(setting, O_WRONLY);
  if (fd < 0) return -1;
  ssize_t n = write(fd, value, strlen(value));
  int error = errno;
  close(fd);
  errno = error;
  return n == (ssize_t)strlen(value) ? 0 : -1;
}

static int value(void) {
  char text[16];
  REQUIRE(read_file(setting, text, sizeof(text)) > 0);
  return atoi(text);
}

// Makes a file with these flags, which has that mode and those seals.
static void check_made(int line, unsigned flags, unsigned mode, int seals) {
  struct stat status;
  int fd = memfd_create("file", flags);
  if (fd < 0 || fstat(fd, &status) != 0 || (status.st_mode & 0777) != mode || fcntl(fd, F_GET_SEALS) != seals)
    fail(__FILE__, line, "the file has that mode and those seals", fd < 0 ? fd : fcntl(fd, F_GET_SEALS), errno);
  close(fd);
}
#define MADE(flags, mode, seals) check_made(__LINE__, flags, mode, seals)

static void check_values(void) {
  CHECK_EQ(set("0\n"), 0);
  CHECK_EQ(value(), 0);
  MADE(0, 0777, F_SEAL_SEAL);
  MADE(MFD_ALLOW_SEALING, 0777, 0);
  MADE(MFD_EXEC, 0777, F_SEAL_SEAL);
  MADE(MFD_NOEXEC_SEAL, 0666, F_SEAL_EXEC);
  CHECK_ERRNO(memfd_create("file", MFD_EXEC | MFD_NOEXEC_SEAL), EINVAL);

  CHECK_EQ(set("1"), 0);
  CHECK_EQ(value(), 1);
  MADE(0, 0666, F_SEAL_EXEC);
  MADE(MFD_ALLOW_SEALING, 0666, F_SEAL_EXEC);
  MADE(MFD_EXEC, 0777, F_SEAL_SEAL);
  MADE(MFD_EXEC | MFD_ALLOW_SEALING, 0777, 0);
  MADE(MFD_NOEXEC_SEAL, 0666, F_SEAL_EXEC);

  CHECK_EQ(set("2"), 0);
  MADE(0, 0666, F_SEAL_EXEC);
  MADE(MFD_NOEXEC_SEAL, 0666, F_SEAL_EXEC);
  CHECK_ERRNO(memfd_create("file", MFD_EXEC), EACCES);
  CHECK_ERRNO(memfd_create((char *)8, MFD_EXEC), EACCES);
  CHECK_ERRNO(memfd_create("file", MFD_EXEC | 0x100), EINVAL);
  // Children have it, too.
  CHECK_IN_CHILD CHECK_ERRNO(memfd_create("file", MFD_EXEC), EACCES);

  CHECK_ERRNO(set("3"), EINVAL);
  CHECK_ERRNO(set("-1"), EINVAL);
  CHECK_ERRNO(set("word"), EINVAL);
  CHECK_EQ(value(), 2);
  CHECK_IN_CHILD {
    become_lone_user();
    CHECK_EQ(value(), 2);
    CHECK_ERRNO(set("0"), EACCES);
  }
}

// It is a PID namespace's own: the machine's stays as it is. Under hv there is one, which is the guest's.
int main(void) {
  limit_time();
  if (!is_root() || !is_since(6, 6) || (unshare(CLONE_NEWPID) != 0 && !is_hv())) return finish();
  CHECK_IN_CHILD {
    // Where the machine's is not 0, it cannot be lowered.
    if (value() == 0) check_values();
  }
  if (is_hv()) set("0");
  return finish();
}
