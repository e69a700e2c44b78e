// clock: the clocks through libc (vDSO) and through the system call agree, and never run backwards. man 2 clock_gettime, gettimeofday.
#include <sys/time.h>
#include <time.h>

#include "check.h"

#define SECOND 1000000000ll

static long long ns(struct timespec t) { return t.tv_sec * SECOND + t.tv_nsec; }

static long long by_libc(clockid_t clock) {
  struct timespec t = {-1, -1};
  CHECK_EQ(clock_gettime(clock, &t), 0);
  CHECK(t.tv_nsec >= 0 && t.tv_nsec < SECOND);
  return ns(t);
}

static long long by_syscall(clockid_t clock) {
  struct timespec t = {-1, -1};
  CHECK_EQ(syscall(SYS_clock_gettime, clock, &t), 0);
  CHECK(t.tv_nsec >= 0 && t.tv_nsec < SECOND);
  return ns(t);
}

// Read in turns, neither is ever ahead of the other.
static void check_agreement(clockid_t clock) {
  long long last = by_libc(clock);
  for (int i = 0; i < 200; i++) {
    long long a = by_syscall(clock), b = by_libc(clock);
    if (a < last || b < a) fail(__FILE__, __LINE__, "libc and system call agree", clock, 0);
    last = b;
  }
}

static void check_wall_clock(void) {
  struct timeval tv;
  struct timespec t;
  long long before = by_syscall(CLOCK_REALTIME), tick = by_syscall(CLOCK_REALTIME_COARSE);
  CHECK_EQ(gettimeofday(&tv, 0), 0);
  long long us = tv.tv_sec * SECOND + tv.tv_usec * 1000, now = time(0), after = by_syscall(CLOCK_REALTIME);
  CHECK(us > before - 1000 && us <= after);
  // As the coarse clock, time(2) goes on by ticks: the second that CLOCK_REALTIME shows can be ahead of it.
  CHECK(now >= tick / SECOND && now <= after / SECOND);
#ifdef SYS_time
  time_t seconds;
  CHECK_EQ(syscall(SYS_time, &seconds), seconds);
#endif
  // A year between 2024 and 2100.
  CHECK(after / SECOND > 1700000000 && after / SECOND < 4102444800);
  CHECK_EQ(timespec_get(&t, TIME_UTC), TIME_UTC);
}

static long sleep_on(clockid_t clock, const void *time) {
  return syscall(SYS_clock_nanosleep, clock, 0, time, NULL);
}

// A thread's CPU time cannot be waited for by that thread: the clock has no sleep, and its dynamic numbers are refused.
static void check_sleep_on_own_time(void) {
  struct timespec time = {0, 1000}, bad = {0, 2000000000};
  int own = (int)(~(unsigned)syscall(SYS_gettid) << 3 | 4), absent = (int)(~0x3fffffu << 3 | 4);
  CHECK_ERRNO(sleep_on(CLOCK_THREAD_CPUTIME_ID, &time), EOPNOTSUPP);
  CHECK_ERRNO(sleep_on(CLOCK_THREAD_CPUTIME_ID, &bad), EOPNOTSUPP);
  CHECK_ERRNO(sleep_on(CLOCK_THREAD_CPUTIME_ID, (void *)8), EOPNOTSUPP);
  for (int what = 0; what < 3; what++) {
    CHECK_ERRNO(sleep_on(-8 | 4 | what, &time), EINVAL);
    CHECK_ERRNO(sleep_on(own | what, &time), EINVAL);
    CHECK_ERRNO(sleep_on(absent | what, &time), EINVAL);
  }
  CHECK_ERRNO(sleep_on(CLOCK_MONOTONIC_RAW, &time), EOPNOTSUPP);
  CHECK_ERRNO(sleep_on(CLOCK_MONOTONIC_COARSE, &time), EOPNOTSUPP);
  CHECK_ERRNO(sleep_on(99, (void *)8), EINVAL);
}

static void check_cpu_clocks(void) {
  long long process = by_libc(CLOCK_PROCESS_CPUTIME_ID), thread = by_libc(CLOCK_THREAD_CPUTIME_ID);
  long long start = by_libc(CLOCK_MONOTONIC);
  CHECK(process >= 0 && thread >= 0);
  while (by_libc(CLOCK_MONOTONIC) - start < 50 * 1000000) {
  }
  CHECK(by_libc(CLOCK_PROCESS_CPUTIME_ID) > process);
  CHECK(by_libc(CLOCK_THREAD_CPUTIME_ID) > thread);
  CHECK(clock() >= 0);
}

static void check_resolution_and_errors(void) {
  struct timespec t;
  CHECK_EQ(clock_getres(CLOCK_MONOTONIC, &t), 0);
  CHECK(t.tv_sec == 0 && t.tv_nsec >= 1 && t.tv_nsec <= 10000000);
  CHECK_EQ(clock_getres(CLOCK_REALTIME_COARSE, &t), 0);
  CHECK(t.tv_sec == 0 && t.tv_nsec >= 1 && t.tv_nsec <= 10000000);
  CHECK_EQ(syscall(SYS_clock_getres, CLOCK_REALTIME, 0), 0);
  CHECK_ERRNO(clock_gettime(1000, &t), EINVAL);
  CHECK_ERRNO(clock_getres(1000, &t), EINVAL);
  for (BAD_POINTER(p)) CHECK_ERRNO(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, *p), EFAULT);
}

int main(void) {
  static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC,       CLOCK_MONOTONIC_RAW,
                                     CLOCK_BOOTTIME, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE};
  for (size_t i = 0; i < COUNT(clocks); i++) check_agreement(clocks[i]);
  check_wall_clock();
  check_cpu_clocks();
  check_sleep_on_own_time();
  check_resolution_and_errors();
  return finish();
}
