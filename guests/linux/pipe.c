// pipe: order, capacity, end of file, O_NONBLOCK, EPIPE and SIGPIPE. man 2 pipe, man 7 pipe.
#include <limits.h>
#include <sys/ioctl.h>

#include "check.h"

static volatile int sigpipes;
static void on_sigpipe(int number) { sigpipes += number == SIGPIPE; }

static void check_transfer(void) {
  int fds[2], pending;
  char text[32] = "";
  struct stat status;
  REQUIRE(pipe(fds) == 0);
  CHECK(fds[0] < fds[1]);
  CHECK_EQ(fcntl(fds[0], F_GETFL) & O_ACCMODE, O_RDONLY);
  CHECK_EQ(fcntl(fds[1], F_GETFL) & O_ACCMODE, O_WRONLY);
  CHECK_EQ(fcntl(fds[0], F_GETFD), 0);
  CHECK_EQ(fstat(fds[0], &status), 0);
  CHECK_EQ(status.st_mode & S_IFMT, S_IFIFO);
  CHECK_EQ(write(fds[1], "abc", 3), 3);
  CHECK_EQ(write(fds[1], "defgh", 5), 5);
  CHECK_EQ(ioctl(fds[0], FIONREAD, &pending), 0);
  CHECK_EQ(pending, 8);
  CHECK_EQ(read(fds[0], text, 4), 4);
  CHECK(memcmp(text, "abcd", 4) == 0);
  CHECK_EQ(read(fds[0], text, 32), 4);
  CHECK(memcmp(text, "efgh", 4) == 0);
  CHECK_ERRNO(read(fds[1], text, 1), EBADF);
  CHECK_ERRNO(write(fds[0], text, 1), EBADF);
  CHECK_ERRNO(lseek(fds[0], 0, SEEK_CUR), ESPIPE);
  CHECK_ERRNO(pread(fds[0], text, 1, 0), ESPIPE);
  CHECK_EQ(write(fds[1], "end", 3), 3);
  close(fds[1]);
  CHECK_EQ(read(fds[0], text, 32), 3);
  CHECK_EQ(read(fds[0], text, 32), 0);
  close(fds[0]);
}

static void check_nonblocking(void) {
  static char block[1 << 16];
  int fds[2];
  ssize_t n;
  size_t total = 0;
  REQUIRE(pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0);
  CHECK_EQ(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
  CHECK_EQ(fcntl(fds[1], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  CHECK_ERRNO(read(fds[0], block, 1), EAGAIN);
  int capacity = fcntl(fds[1], F_GETPIPE_SZ);
  CHECK(capacity >= PIPE_BUF);
  while ((n = write(fds[1], block, PIPE_BUF)) > 0) {
    CHECK_EQ(n, PIPE_BUF);
    total += (size_t)n;
  }
  if (n != -1 || errno != EAGAIN) fail(__FILE__, __LINE__, "a full pipe gives EAGAIN", n, errno);
  CHECK_EQ(total, capacity);
  // Up to PIPE_BUF bytes go in whole or not at all; more may go in partly. Room is freed in whole pages.
  CHECK_EQ(read(fds[0], block, 100), 100);
  CHECK_ERRNO(write(fds[1], block, PIPE_BUF), EAGAIN);
  CHECK_EQ(read(fds[0], block, PAGE - 100), PAGE - 100);
  n = write(fds[1], block, sizeof(block));
  CHECK(n > 0 && n <= (ssize_t)PAGE);
  close(fds[0]), close(fds[1]);
}

static void check_broken(void) {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  signal(SIGPIPE, on_sigpipe);
  close(fds[0]);
  CHECK_ERRNO(write(fds[1], "x", 1), EPIPE);
  CHECK_EQ(sigpipes, 1);
  signal(SIGPIPE, SIG_IGN);
  CHECK_ERRNO(write(fds[1], "x", 1), EPIPE);
  CHECK_EQ(sigpipes, 1);
  close(fds[1]);
}

static void check_errors(void) {
  int before = dup(0), fds[2];
  close(before);
  CHECK_ERRNO(syscall(SYS_pipe2, fds, 0x40000000), EINVAL);
  for (BAD_POINTER(p)) CHECK_ERRNO(syscall(SYS_pipe2, *p, 0), EFAULT);
  // A failed pipe call leaves no descriptors behind.
  int after = dup(0);
  CHECK_EQ(after, before);
  close(after);
}

int main(void) {
  check_transfer();
  check_nonblocking();
  check_broken();
  check_errors();
  return finish();
}
