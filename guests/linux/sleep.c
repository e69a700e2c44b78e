// sleep: how long, absolute and relative, and the time left after a signal. man 2 nanosleep, man 2 clock_nanosleep.
#include <time.h>

#include "check.h"

#define MS 1000000ll
#define SECOND 1000000000ll

static volatile int alarms;
static void on_alarm(int number) { alarms += number == SIGALRM; }

static long long now_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * SECOND + t.tv_nsec;
}

static struct timespec spec(long long ns) { return (struct timespec){ns / SECOND, ns % SECOND}; }

static void check_length(void) {
  static const long long lengths[] = {0, 1, 1000, 3 * MS, 50 * MS};
  for (size_t i = 0; i < COUNT(lengths); i++) {
    struct timespec wait = spec(lengths[i]);
    long long start = now_ns(CLOCK_MONOTONIC);
    CHECK_EQ(nanosleep(&wait, 0), 0);
    long long slept = now_ns(CLOCK_MONOTONIC) - start;
    CHECK(slept >= lengths[i] && slept < lengths[i] + 20 * SECOND);
  }
}

static void check_absolute(void) {
  static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME};
  for (size_t i = 0; i < COUNT(clocks); i++) {
    struct timespec until = spec(now_ns(clocks[i]) + 30 * MS), past = {1, 0};
    CHECK_EQ(clock_nanosleep(clocks[i], TIMER_ABSTIME, &until, 0), 0);
    CHECK(now_ns(clocks[i]) >= until.tv_sec * SECOND + until.tv_nsec);
    CHECK_EQ(clock_nanosleep(clocks[i], TIMER_ABSTIME, &past, 0), 0);
  }
}

static void check_interruption(void) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  struct timespec wait = {30, 0}, left = {-1, -1}, until = spec(now_ns(CLOCK_MONOTONIC) + 30 * SECOND);
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
  // Again and again: on a busy machine the first signal may come before the sleep.
  struct itimerspec often = {{0, 50 * MS}, {0, 50 * MS}}, off = {0};
  timer_t timer;
  REQUIRE(timer_create(CLOCK_MONOTONIC, &(struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM}, &timer) == 0);
  REQUIRE(timer_settime(timer, 0, &often, 0) == 0);
  CHECK_ERRNO(nanosleep(&wait, &left), EINTR);
  CHECK(alarms >= 1);
  long long remaining = left.tv_sec * SECOND + left.tv_nsec;
  CHECK(remaining > SECOND && remaining < 30 * SECOND);
  left = (struct timespec){-1, -1};
  CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, &left), EINTR);
  CHECK_EQ(left.tv_sec, -1);
  CHECK(alarms >= 2);
  // An ignored signal does not wake.
  signal(SIGALRM, SIG_IGN);
  wait = spec(100 * MS);
  CHECK_EQ(nanosleep(&wait, 0), 0);
  REQUIRE(timer_settime(timer, 0, &off, 0) == 0);
  CHECK_EQ(timer_delete(timer), 0);
}

int main(void) {
  struct timespec bad = {0, SECOND}, negative = {-1, 0};
  check_length();
  check_absolute();
  check_interruption();
  CHECK_ERRNO(nanosleep(&bad, 0), EINVAL);
  CHECK_ERRNO(nanosleep(&negative, 0), EINVAL);
  CHECK_EQ(clock_nanosleep(1000, 0, &bad, 0), EINVAL);
  CHECK_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &(struct timespec){0, 0}, 0), EINVAL);
  for (BAD_POINTER(p)) CHECK_ERRNO(syscall(SYS_nanosleep, *p, 0), EFAULT);
  return finish();
}
