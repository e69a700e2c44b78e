// timers-unread: periodic timers that nobody reads or whose signals nobody takes; they count on, and cost nothing. man 2 timerfd_create.
// not in CI's beds: emulation makes it slow
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "processes.h"

#define MS 1000000l
#define MANY 300

static const struct itimerspec every_ms = {{0, MS}, {0, MS}}, every_us = {{0, 1000}, {0, 1000}}, off;
static sigset_t blocked;

static void pause_ms(long ms) { nanosleep(&(struct timespec){ms / 1000, ms % 1000 * MS}, 0); }

// Does something of 1 ms go on, so that its next time is less than that away?
static bool goes_on(const struct itimerspec *now) {
  return now->it_interval.tv_nsec == MS && now->it_value.tv_sec == 0 && now->it_value.tv_nsec <= MS;
}

// The first expiration is an edge; the next one comes after a read.
static void check_timerfd(void) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  struct itimerspec now;
  uint64_t count;
  REQUIRE(fd >= 0 && epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
  REQUIRE(timerfd_settime(fd, 0, &every_ms, 0) == 0);
  for (int round = 0; round < 2; round++) {
    CHECK_EQ(epoll_wait(epoll, &event, 1, -1), 1);
    CHECK_EQ(epoll_wait(epoll, &event, 1, 50), 0);
    CHECK_EQ(timerfd_gettime(fd, &now), 0);
    CHECK(goes_on(&now));
    CHECK_EQ(read(fd, &count, 8), 8);
    CHECK(count >= 50);
  }
  close(fd), close(epoll);
}

static timer_t start_timer(int notify, const struct itimerspec *when) {
  struct sigevent event = {.sigev_notify = notify, .sigev_signo = SIGRTMIN};
  timer_t timer;
  REQUIRE(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, when, 0) == 0);
  return timer;
}

// At most one signal of each is queued; what it missed is its overrun.
static void check_signal(void) {
  struct itimerspec now;
  siginfo_t info;
  timer_t timer = start_timer(SIGEV_SIGNAL, &every_ms);
  for (int round = 0; round < 2; round++) {
    pause_ms(60);
    CHECK_EQ(timer_gettime(timer, &now), 0);
    CHECK(goes_on(&now));
    CHECK_EQ(sigwaitinfo(&blocked, &info), SIGRTMIN);
    CHECK(info.si_overrun >= 50 && info.si_overrun == timer_getoverrun(timer));
  }
  CHECK_EQ(timer_settime(timer, 0, &off, 0), 0);
  CHECK_EQ(timer_delete(timer), 0);
}

// It only counts down.
static void check_no_signal(void) {
  struct itimerspec now;
  timer_t timer = start_timer(SIGEV_NONE, &every_ms);
  for (int i = 0; i < 20; i++) {
    pause_ms(1);
    CHECK_EQ(timer_gettime(timer, &now), 0);
    CHECK(goes_on(&now));
  }
  CHECK_EQ(timer_getoverrun(timer), 0);
  CHECK_EQ(timer_delete(timer), 0);
}

// Another SIGALRM is pending already, and then the timer's own.
static void check_interval_timer(void) {
  static const struct itimerval ms = {{0, 1000}, {0, 1000}}, none;
  CHECK_EQ(kill(getpid(), SIGALRM), 0);
  REQUIRE(setitimer(ITIMER_REAL, &ms, 0) == 0);
  for (int i = 0; i < 5; i++) {
    pause_ms(10);
    CHECK_EQ(sigwaitinfo(&blocked, 0), SIGALRM);
  }
  CHECK_EQ(setitimer(ITIMER_REAL, &none, 0), 0);
  sigtimedwait(&blocked, 0, &(struct timespec){0});
}

// Each of them expires a million times a second, and the program has the processor all the same.
static void check_many(void) {
  timer_t timers[MANY];
  int fds[MANY];
  for (int i = 0; i < MANY; i++) {
    fds[i] = timerfd_create(CLOCK_MONOTONIC, 0);
    REQUIRE(fds[i] >= 0 && timerfd_settime(fds[i], 0, &every_us, 0) == 0);
    timers[i] = start_timer(SIGEV_SIGNAL, &every_us);
  }
  long long begin = now_ns();
  for (int i = 0; i < 2000; i++) getppid();
  pause_ms(100);
  CHECK(now_ns() - begin < 10000 * MS);
  for (int i = 0; i < MANY; i++) {
    uint64_t count = 0;
    CHECK_EQ(read(fds[i], &count, 8), 8);
    CHECK(count >= 100000);
    close(fds[i]);
    CHECK_EQ(timer_delete(timers[i]), 0);
  }
}

int main(void) {
  limit_time();
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGRTMIN);
  check_timerfd();
  sigprocmask(SIG_BLOCK, &blocked, 0);
  check_signal();
  check_no_signal();
  check_many();
  // The signal of a timer that was deleted may be pending still: that depends on Linux's version.
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGALRM);
  sigprocmask(SIG_BLOCK, &blocked, 0);
  check_interval_timer();
  return finish();
}
