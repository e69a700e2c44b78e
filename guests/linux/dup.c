// dup: copies of descriptors share the open file but not the close-on-exec flag. man 2 dup.
#include <sys/resource.h>

#include "check.h"

int main(void) {
  int fds[2];
  char text[8];
  REQUIRE(pipe(fds) == 0);
  int copy = dup(fds[1]);
  CHECK(copy > fds[1]);
  CHECK_EQ(write(copy, "ab", 2), 2);
  CHECK_EQ(close(fds[1]), 0);
  CHECK_EQ(write(copy, "cd", 2), 2);
  CHECK_EQ(read(fds[0], text, 8), 4);
  // The pipe ends when the last copy is closed.
  CHECK_EQ(close(copy), 0);
  CHECK_EQ(read(fds[0], text, 8), 0);

  CHECK_EQ(dup2(fds[0], 100), 100);
  CHECK_EQ(dup2(100, 100), 100);
  CHECK_EQ(fcntl(100, F_GETFD), 0);
  CHECK_EQ(dup3(fds[0], 101, O_CLOEXEC), 101);
  CHECK_EQ(fcntl(101, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(dup2(101, 100), 100);
  CHECK_EQ(fcntl(100, F_GETFD), 0);
  CHECK_ERRNO(dup3(100, 100, 0), EINVAL);
  CHECK_ERRNO(dup3(100, 102, O_APPEND), EINVAL);
  CHECK_ERRNO(dup2(-1, 5), EBADF);
  CHECK_ERRNO(dup2(12345, 12345), EBADF);
  CHECK_ERRNO(dup2(100, -1), EBADF);
  CHECK_ERRNO(dup(12345), EBADF);

  // dup2 closes what was there: that pipe's reader sees the end.
  int other[2];
  REQUIRE(pipe(other) == 0);
  CHECK_EQ(dup2(100, other[1]), other[1]);
  CHECK_EQ(read(other[0], text, 8), 0);

  // Status flags are shared.
  CHECK_EQ(fcntl(100, F_SETFL, O_NONBLOCK), 0);
  CHECK_EQ(fcntl(101, F_GETFL) & O_NONBLOCK, O_NONBLOCK);

  // RLIMIT_NOFILE bounds the numbers.
  struct rlimit limit = {120, 120};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK_ERRNO(dup2(100, 120), EBADF);
  CHECK_EQ(dup2(100, 119), 119);
  CHECK_ERRNO(fcntl(100, F_DUPFD, 120), EINVAL);
  CHECK_ERRNO(fcntl(100, F_DUPFD, 119), EMFILE);
  while (dup(100) >= 0) {
  }
  CHECK_ERRNO(dup(100), EMFILE);
  CHECK_ERRNO(open("/dev/null", O_RDONLY), EMFILE);

  // A whole range at once.
  if (syscall(SYS_close_range, 3, 99, 0) == 0) {
    CHECK_ERRNO(close(50), EBADF);
    CHECK_EQ(fcntl(100, F_GETFD), 0);
    CHECK_ERRNO(syscall(SYS_close_range, 9, 8, 0), EINVAL);
  }
  return finish();
}
