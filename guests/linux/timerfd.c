// timerfd: one shot, interval, absolute, disarming, readiness. man 2 timerfd_create.
#include <poll.h>
#include <sys/timerfd.h>
#include <time.h>

#include "check.h"

#define MS 1000000l

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(void) {
  uint64_t count;
  struct itimerspec once = {.it_value = {0, 700 * MS}}, repeated = {{0, 10 * MS}, {0, 10 * MS}}, off = {0}, now;
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  REQUIRE(fd >= 0);
  CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(timerfd_gettime(fd, &now), 0);
  CHECK(now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);

  long long start = now_ns();
  CHECK_EQ(timerfd_settime(fd, 0, &once, 0), 0);
  CHECK_EQ(timerfd_gettime(fd, &now), 0);
  CHECK(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 700 * MS);
  struct pollfd polled = {fd, POLLIN, 0};
  CHECK_EQ(poll(&polled, 1, 0), 0);
  CHECK_EQ(read(fd, &count, 8), 8);
  CHECK_EQ(count, 1);
  CHECK(now_ns() - start >= 700 * MS);

  CHECK_EQ(timerfd_settime(fd, 0, &repeated, &now), 0);
  CHECK(now.it_value.tv_nsec == 0 && now.it_interval.tv_nsec == 0);
  struct timespec pause = {0, 55 * MS};
  CHECK_EQ(nanosleep(&pause, 0), 0);
  CHECK_EQ(poll(&polled, 1, 0), 1);
  CHECK_EQ(read(fd, &count, 8), 8);
  CHECK(count >= 5 && count < 500);
  CHECK_EQ(timerfd_settime(fd, 0, &off, &now), 0);
  CHECK_EQ(now.it_interval.tv_nsec, 10 * MS);
  CHECK_EQ(poll(&polled, 1, 30), 0);
  // A setting that does not start the timer still keeps its interval.
  struct itimerspec idle = {.it_interval = {0, 20 * MS}};
  CHECK_EQ(timerfd_settime(fd, 0, &idle, 0), 0);
  CHECK_EQ(timerfd_gettime(fd, &now), 0);
  CHECK(now.it_value.tv_nsec == 0 && now.it_interval.tv_nsec == 20 * MS);
  CHECK_EQ(timerfd_settime(fd, 0, &off, &now), 0);
  CHECK_EQ(now.it_interval.tv_nsec, 20 * MS);

  // An absolute time in the past fires at once.
  int wall = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
  struct itimerspec past = {.it_value = {1, 0}};
  CHECK_ERRNO(read(wall, &count, 8), EAGAIN);
  CHECK_EQ(timerfd_settime(wall, TFD_TIMER_ABSTIME, &past, 0), 0);
  polled.fd = wall;
  CHECK_EQ(poll(&polled, 1, 1000), 1);
  CHECK_EQ(read(wall, &count, 8), 8);
  CHECK_EQ(count, 1);

  struct itimerspec bad = {.it_value = {0, 1000000000}};
  CHECK_ERRNO(timerfd_settime(fd, 0, &bad, 0), EINVAL);
  CHECK_ERRNO(timerfd_settime(fd, 0x100, &once, 0), EINVAL);
  CHECK_ERRNO(timerfd_settime(0x3fff, 0, &once, 0), EBADF);
  CHECK_ERRNO(timerfd_create(99, 0), EINVAL);
  CHECK_ERRNO(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
  CHECK_ERRNO(read(fd, &count, 4), EINVAL);
  return finish();
}
