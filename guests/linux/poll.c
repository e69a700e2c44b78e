// poll: poll, ppoll, select and pselect on pipes and files, their timeouts and errors. man 2 poll, man 2 select.
#include <poll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <time.h>

#include "check.h"

static int fds[2];
static volatile int alarms;
static void on_alarm(int number) { alarms += number == SIGALRM; }

static long long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static void check_poll(void) {
  struct pollfd polled[] = {{fds[0], POLLIN, 0}, {fds[1], POLLOUT, 0}, {-1, POLLIN, 9}, {12345, POLLIN, 0}};
  CHECK_EQ(poll(polled, 3, 0), 1);
  CHECK(polled[0].revents == 0 && polled[1].revents == POLLOUT && polled[2].revents == 0);
  CHECK_EQ(poll(polled, 4, -1), 2);
  CHECK_EQ(polled[3].revents, POLLNVAL);
  CHECK_EQ(write(fds[1], "x", 1), 1);
  CHECK_EQ(poll(polled, 2, 1000), 2);
  CHECK_EQ(polled[0].revents, POLLIN);
  polled[0].events = POLLIN | POLLRDNORM | POLLPRI;
  CHECK_EQ(poll(polled, 1, 0), 1);
  CHECK_EQ(polled[0].revents, POLLIN | POLLRDNORM);
  polled[0].events = 0;
  CHECK_EQ(poll(polled, 1, 0), 0);

  char byte;
  CHECK_EQ(read(fds[0], &byte, 1), 1);
  polled[0].events = POLLIN;
  long long start = now_ms();
  CHECK_EQ(poll(polled, 1, 60), 0);
  CHECK(now_ms() - start >= 59 && now_ms() - start < 20000);
  CHECK_EQ(poll(0, 0, 10), 0);

  // Whatever standard input is: hv's own may be a file that epoll refuses.
  struct pollfd standard = {0, POLLPRI, 0};
  CHECK(poll(&standard, 1, 10) >= 0);

  // Regular files and /dev/null are always ready.
  int null = open("/dev/null", O_RDWR);
  struct pollfd ready = {null, POLLIN | POLLOUT, 0};
  CHECK_EQ(poll(&ready, 1, -1), 1);
  CHECK_EQ(ready.revents, POLLIN | POLLOUT);
  close(null);
}

static void check_hang_up(void) {
  int pair[2];
  REQUIRE(pipe(pair) == 0);
  struct pollfd polled = {pair[0], POLLIN, 0};
  close(pair[1]);
  CHECK_EQ(poll(&polled, 1, -1), 1);
  CHECK_EQ(polled.revents, POLLHUP);
  close(pair[0]);
  REQUIRE(pipe(pair) == 0);
  polled = (struct pollfd){pair[1], POLLOUT, 0};
  close(pair[0]);
  CHECK_EQ(poll(&polled, 1, -1), 1);
  CHECK_EQ(polled.revents & POLLERR, POLLERR);
  close(pair[1]);
}

static void check_select(void) {
  fd_set readable, writable, exceptional;
  FD_ZERO(&readable);
  FD_ZERO(&writable);
  FD_ZERO(&exceptional);
  FD_SET(fds[0], &readable);
  FD_SET(fds[1], &writable);
  FD_SET(fds[0], &exceptional);
  CHECK_EQ(select(fds[1] + 1, &readable, &writable, &exceptional, 0), 1);
  CHECK(!FD_ISSET(fds[0], &readable) && FD_ISSET(fds[1], &writable) && !FD_ISSET(fds[0], &exceptional));
  CHECK_EQ(write(fds[1], "y", 1), 1);
  FD_SET(fds[0], &readable);
  CHECK_EQ(select(fds[1] + 1, &readable, &writable, 0, 0), 2);
  char byte;
  CHECK_EQ(read(fds[0], &byte, 1), 1);

  struct timeval wait = {0, 50000};
  FD_ZERO(&readable);
  FD_SET(fds[0], &readable);
  long long start = now_ms();
  CHECK_EQ(select(fds[0] + 1, &readable, 0, 0, &wait), 0);
  CHECK(now_ms() - start >= 49);
  CHECK(!FD_ISSET(fds[0], &readable));
  wait = (struct timeval){0, 1000};
  CHECK_EQ(select(0, 0, 0, 0, &wait), 0);
  FD_SET(40, &readable);
  CHECK_ERRNO(select(41, &readable, 0, 0, 0), EBADF);
  CHECK_ERRNO(select(-1, 0, 0, 0, 0), EINVAL);
  struct timespec bad = {0, 1000000000};
  CHECK_ERRNO(pselect(0, 0, 0, 0, &bad, 0), EINVAL);
}

// ppoll and pselect set the mask only for the wait, and are never restarted.
static void check_masks(void) {
  sigset_t blocked, none, now;
  struct pollfd polled = {fds[0], POLLIN, 0};
  struct timespec wait = {5, 0};
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
  sigemptyset(&none), sigemptyset(&blocked);
  sigaddset(&blocked, SIGALRM);
  sigprocmask(SIG_BLOCK, &blocked, 0);
  raise(SIGALRM);
  CHECK_EQ(alarms, 0);
  CHECK_ERRNO(ppoll(&polled, 1, &wait, &none), EINTR);
  CHECK_EQ(alarms, 1);
  raise(SIGALRM);
  CHECK_ERRNO(pselect(0, 0, 0, 0, &wait, &none), EINTR);
  CHECK_EQ(alarms, 2);
  sigprocmask(SIG_BLOCK, 0, &now);
  CHECK(sigismember(&now, SIGALRM));
  sigprocmask(SIG_UNBLOCK, &blocked, 0);
  alarm(1);
  CHECK_ERRNO(poll(&polled, 1, 5000), EINTR);
  CHECK_EQ(alarms, 3);
  CHECK_ERRNO(syscall(SYS_ppoll, &polled, 1, 0, &none, 3), EINVAL);
}

int main(void) {
  REQUIRE(pipe(fds) == 0);
  check_poll();
  check_hang_up();
  check_select();
  check_masks();
  struct rlimit limit = {64, 64};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  struct pollfd many[65] = {{-1, 0, 0}};
  CHECK_ERRNO(poll(many, 65, 0), EINVAL);
  for (BAD_POINTER(p)) CHECK_ERRNO(syscall(SYS_ppoll, *p, 2, 0, 0, 8), EFAULT);
  return finish();
}
