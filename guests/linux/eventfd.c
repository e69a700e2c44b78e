// eventfd: counting, semaphores, limits, readiness. man 2 eventfd.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

#include "check.h"

int main(void) {
  uint64_t value = 0, one = 1, most = UINT64_MAX - 1, none = 0, bad = UINT64_MAX;
  int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
  REQUIRE(fd >= 0);
  CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(read(fd, &value, 8), 8);
  CHECK_EQ(value, 3);
  CHECK_ERRNO(read(fd, &value, 8), EAGAIN);
  CHECK_EQ(write(fd, &one, 8), 8);
  CHECK_EQ(write(fd, &one, 8), 8);
  CHECK_EQ(write(fd, &none, 8), 8);
  struct pollfd polled = {fd, POLLIN | POLLOUT, 0};
  CHECK_EQ(poll(&polled, 1, 0), 1);
  CHECK_EQ(polled.revents, POLLIN | POLLOUT);
  CHECK_EQ(read(fd, &value, 8), 8);
  CHECK_EQ(value, 2);
  CHECK_EQ(poll(&polled, 1, 0), 1);
  CHECK_EQ(polled.revents, POLLOUT);

  CHECK_EQ(write(fd, &most, 8), 8);
  CHECK_ERRNO(write(fd, &one, 8), EAGAIN);
  CHECK_EQ(poll(&polled, 1, 0), 1);
  CHECK_EQ(polled.revents, POLLIN);
  CHECK_ERRNO(write(fd, &bad, 8), EINVAL);
  CHECK_ERRNO(write(fd, &one, 7), EINVAL);
  struct iovec nothing[] = {{&one, 0}, {&one, 0}};
  CHECK_EQ(writev(fd, nothing, 2), 0);
  CHECK_EQ(writev(open("/dev/full", O_WRONLY), nothing, 2), 0);
  CHECK_ERRNO(read(fd, &value, 7), EINVAL);
  char wide[16];
  CHECK_EQ(read(fd, wide, 16), 8);

  int semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  CHECK_EQ(read(semaphore, &value, 8), 8);
  CHECK_EQ(value, 1);
  CHECK_EQ(read(semaphore, &value, 8), 8);
  CHECK_EQ(value, 1);
  CHECK_ERRNO(read(semaphore, &value, 8), EAGAIN);
  CHECK_ERRNO(eventfd(0, 0x1000), EINVAL);
  return finish();
}
