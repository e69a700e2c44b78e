// devices: null, zero, full, random, and ioctl on files that are no terminal. man 4 null, full, random; man 2 ioctl.
#include <sys/ioctl.h>
#include <termios.h>

#include "check.h"

int main(void) {
  char a[64], b[64];
  int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR);
  REQUIRE(null >= 0 && zero >= 0 && full >= 0);
  CHECK_EQ(read(null, a, 64), 0);
  CHECK_EQ(write(null, a, 64), 64);
  CHECK_EQ(lseek(null, 100, SEEK_SET), 0);
  memset(a, 1, 64);
  CHECK_EQ(read(zero, a, 64), 64);
  CHECK(a[0] == 0 && a[63] == 0);
  CHECK_EQ(write(zero, a, 64), 64);
  memset(a, 1, 64);
  CHECK_EQ(read(full, a, 64), 64);
  CHECK(a[0] == 0 && a[63] == 0);
  CHECK_ERRNO(write(full, a, 1), ENOSPC);

  int urandom = open("/dev/urandom", O_RDONLY), random = open("/dev/random", O_RDONLY);
  REQUIRE(urandom >= 0 && random >= 0);
  CHECK_EQ(read(urandom, a, 64), 64);
  CHECK_EQ(read(urandom, b, 64), 64);
  CHECK(memcmp(a, b, 64) != 0);
  CHECK_EQ(read(random, b, 16), 16);
  CHECK(memcmp(a, b, 16) != 0);

  struct winsize size;
  struct termios settings;
  int pending, fds[2];
  enter_scratch();
  write_file("file", "0123456789", 10);
  int file = open("file", O_RDONLY);
  CHECK_ERRNO(ioctl(null, TIOCGWINSZ, &size), ENOTTY);
  CHECK_ERRNO(ioctl(file, TCGETS, &settings), ENOTTY);
  CHECK_EQ(isatty(file), 0);
  CHECK_ERRNO(ioctl(file, 0xdeadbeef, &size), ENOTTY);
  CHECK_ERRNO(ioctl(-1, TIOCGWINSZ, &size), EBADF);
  CHECK_EQ(lseek(file, 3, SEEK_SET), 3);
  CHECK_EQ(ioctl(file, FIONREAD, &pending), 0);
  CHECK_EQ(pending, 7);
  CHECK_ERRNO(ioctl(file, FIONREAD, (void *)8), EFAULT);
  REQUIRE(pipe(fds) == 0);
  int on = 1;
  CHECK_EQ(ioctl(fds[0], FIONBIO, &on), 0);
  CHECK_EQ(fcntl(fds[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  CHECK_ERRNO(ioctl(fds[0], TIOCGWINSZ, &size), ENOTTY);
  CHECK_EQ(ioctl(fds[0], FIOCLEX), 0);
  CHECK_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
  CHECK_EQ(ioctl(fds[0], FIONCLEX), 0);
  CHECK_EQ(fcntl(fds[0], F_GETFD), 0);
  return finish();
}
