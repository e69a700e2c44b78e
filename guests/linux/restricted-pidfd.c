// restricted-pidfd: a process with a veil or promises takes nothing from one without. man 2 pidfd_getfd, pledge, unveil.
// not in CI's beds: emulation makes it slow
#include "pledge.h"
#include "processes.h"

static const char text[] = "hidden";

// A process that has the file open; returns its pid.
static pid_t start_holder(int fd) {
  return CHILD({
    CHECK(fd >= 0);
    for (;;) pause();
  });
}

static int take_from(pid_t pid, int fd) {
  int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  CHECK(pidfd >= 0);
  int taken = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0), error = errno;
  close(pidfd);
  errno = error;
  return taken;
}

// A file of /proc that only processes that may trace can open.
static int open_environ(pid_t pid) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/environ", pid);
  return open(path, O_RDONLY);
}

static void end(pid_t pid) {
  kill(pid, SIGKILL);
  CHECK_EQ(ended(pid), 128 + SIGKILL);
}

int main(void) {
  if (!is_hv()) return 0;
  limit_time();
  enter_scratch();
  write_file("file", text, sizeof(text));
  int fd = open("file", O_RDONLY);
  REQUIRE(fd >= 0);
  pid_t free_one = start_holder(fd);
  CHECK(take_from(free_one, fd) >= 0);
  CHECK_IN_CHILD {
    CHECK_EQ(unveil("/proc", "r"), 0);
    CHECK_EQ(unveil(NULL, NULL), 0);
    pid_t own = start_holder(fd);
    CHECK_ERRNO(take_from(free_one, fd), EPERM);
    // This one has the same veil as its parent.
    CHECK(take_from(own, fd) >= 0);
    CHECK_ERRNO(open_environ(free_one), EACCES);
    CHECK(open_environ(own) >= 0);
    end(own);
  }
  CHECK_IN_CHILD {
    CHECK_EQ(pledge("stdio proc", NULL), 0);
    pid_t own = start_holder(fd);
    CHECK_ERRNO(take_from(free_one, fd), EPERM);
    CHECK(take_from(own, fd) >= 0);
    end(own);
  }
  end(free_one);
  return finish();
}
