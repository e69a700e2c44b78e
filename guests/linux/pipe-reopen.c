// pipe-reopen: a pipe reopened through /proc/self/fd never waits for its other end; vmsplice. man 7 pipe, man 5 proc.
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "check.h"

static int reopen(int fd, int flags) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  return open(path, flags);
}

static short ready(int fd) {
  struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT};
  CHECK(poll(&one, 1, 0) >= 0);
  return one.revents;
}

static void check_reopen(void) {
  int fds[2];
  char text[8] = "";
  REQUIRE(pipe(fds) == 0);
  CHECK_EQ(write(fds[1], "abc", 3), 3);
  // Either end opens as either, whether or not the other is open.
  int reader = reopen(fds[1], O_RDONLY), writer = reopen(fds[0], O_WRONLY), both = reopen(fds[0], O_RDWR);
  CHECK(reader >= 0 && writer >= 0 && both >= 0);
  CHECK_EQ(write(writer, "d", 1), 1);
  CHECK_EQ(write(both, "e", 1), 1);
  CHECK_EQ(read(reader, text, 2), 2);
  CHECK_EQ(read(both, text + 2, 5), 3);
  CHECK(memcmp(text, "abcde", 5) == 0);
  CHECK_ERRNO(write(reader, "x", 1), EBADF);
  CHECK_ERRNO(read(writer, text, 1), EBADF);
  close(writer), close(both), close(fds[1]);
  CHECK_EQ(read(fds[0], text, 1), 0);
  CHECK_EQ(read(reader, text, 1), 0);

  // Without a writer: a reader opens, and reads the end of the file.
  int late = reopen(fds[0], O_RDONLY);
  CHECK(late >= 0);
  CHECK_EQ(read(late, text, 1), 0);
  CHECK_EQ(ready(late), POLLHUP);
  // A new writer makes the pipe usable again.
  int alive = reopen(fds[0], O_WRONLY);
  CHECK(alive >= 0);
  CHECK_EQ(write(alive, "z", 1), 1);
  CHECK_EQ(read(late, text, 1), 1);
  close(late), close(reader), close(fds[0]);

  // Without a reader: a writer opens, non-blocking too, but may not write.
  int second = reopen(alive, O_WRONLY | O_NONBLOCK), third = reopen(alive, O_WRONLY);
  CHECK(second >= 0 && third >= 0);
  CHECK_EQ(ready(third), POLLOUT | POLLERR);
  signal(SIGPIPE, SIG_IGN);
  CHECK_ERRNO(write(second, "x", 1), EPIPE);
  CHECK_ERRNO(write(third, "x", 1), EPIPE);
  int reborn = reopen(alive, O_RDONLY);
  CHECK(reborn >= 0);
  CHECK_EQ(write(third, "y", 1), 1);
  CHECK_EQ(read(reborn, text, 8), 1);
  close(second), close(third), close(reborn);
  CHECK_ERRNO(reopen(alive, 3), EINVAL);
  CHECK_ERRNO(reopen(alive, O_RDONLY | O_DIRECTORY), ENOTDIR);
  CHECK_ERRNO(reopen(alive, O_RDONLY | O_NOFOLLOW), ELOOP);
  close(alive);
}

// A fifo, unlike a pipe, does wait; with access mode 3 it does not open.
static void check_fifo(void) {
  enter_scratch();
  REQUIRE(mkfifo("fifo", 0600) == 0);
  CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
  CHECK_ERRNO(open("fifo", 3), EINVAL);
  CHECK_ERRNO(open("fifo", 3 | O_NONBLOCK), EINVAL);
  int reader = open("fifo", O_RDONLY | O_NONBLOCK);
  CHECK(reader >= 0);
  int writer = reopen(reader, O_WRONLY);
  CHECK(writer >= 0);
  CHECK_EQ(write(writer, "f", 1), 1);
  close(writer), close(reader);
}

static void check_vmsplice(void) {
  static char data[1 << 18] __attribute__((aligned(65536)));
  int fds[2], pending;
  struct iovec whole = {data, sizeof(data)}, one = {data, 1}, none = {data, 0};
  REQUIRE(pipe(fds) == 0);
  int capacity = fcntl(fds[1], F_GETPIPE_SZ);
  memset(data, 'v', sizeof(data));
  // More than the pipe holds: what fits goes in, and the call ends.
  CHECK_EQ(vmsplice(fds[1], &whole, 1, 0), capacity);
  CHECK_EQ(ioctl(fds[0], FIONREAD, &pending), 0);
  CHECK_EQ(pending, capacity);
  CHECK_ERRNO(vmsplice(fds[1], &one, 1, SPLICE_F_NONBLOCK), EAGAIN);
  CHECK_EQ(vmsplice(fds[1], &none, 1, 0), 0);
  CHECK_EQ(vmsplice(fds[1], &one, 0, 0), 0);
  CHECK_EQ(read(fds[0], data, PAGE), PAGE);
  CHECK_EQ(vmsplice(fds[1], &whole, 1, 0), PAGE);
  // Out of the pipe: as much as is there.
  CHECK_EQ(vmsplice(fds[0], &one, 1, 0), 1);
  CHECK_EQ(vmsplice(fds[0], &whole, 1, 0), capacity - 1);
  CHECK_ERRNO(vmsplice(fds[0], &one, 1, SPLICE_F_NONBLOCK), EAGAIN);
  CHECK_EQ(vmsplice(fds[0], &none, 1, 0), 0);
  CHECK_ERRNO(vmsplice(fds[0], &one, 1, 0x10), EINVAL);
  CHECK_ERRNO(vmsplice(-1, &one, 1, 0), EBADF);
  CHECK_ERRNO(vmsplice(0, &one, 1, 0), EBADF);
  CHECK_ERRNO(vmsplice(fds[1], (void *)8, 1, 0), EFAULT);
  int both = reopen(fds[0], O_RDWR);
  CHECK_EQ(vmsplice(both, &one, 1, 0), 1);
  CHECK_EQ(ioctl(fds[0], FIONREAD, &pending), 0);
  CHECK_EQ(pending, 1);
  close(both), close(fds[0]);
  signal(SIGPIPE, SIG_IGN);
  CHECK_ERRNO(vmsplice(fds[1], &one, 1, 0), EPIPE);
  close(fds[1]);

  // Memory that cannot be read: EFAULT, or as much as can be read.
  REQUIRE(pipe(fds) == 0);
  char *end = at_page_end(2 * PAGE, PAGE);
  struct iovec half = {end, 2 * PAGE}, bad = {(void *)8, 16};
  CHECK_EQ(vmsplice(fds[1], &half, 1, 0), PAGE);
  CHECK_ERRNO(vmsplice(fds[1], &bad, 1, 0), EFAULT);
  close(fds[0]), close(fds[1]);
}

int main(void) {
  alarm(20);
  check_reopen();
  check_fifo();
  check_vmsplice();
  return finish();
}
