// cpu-sleep: sleeping on clocks of CPU time, until others have used that much of it. man 2 clock_nanosleep.
// not in CI's beds: emulation makes it slow
#include "threads.h"

#define MS 1000000ll

static long long clock_ns(clockid_t clock) {
  struct timespec t = {0, 0};
  CHECK_EQ(clock_gettime(clock, &t), 0);
  return t.tv_sec * 1000 * MS + t.tv_nsec;
}

static volatile bool stop;

static void *stay_busy(void *argument) {
  while (!stop) continue;
  return argument;
}

static void nothing(int number) { (void)number; }

static int sleep_on(clockid_t clock, int flags, long long ns, struct timespec *left) {
  return clock_nanosleep(clock, flags, &(struct timespec){ns / (1000 * MS), ns % (1000 * MS)}, left);
}

// Until others have used that much.
static void check_sleep_on(clockid_t clock) {
  long long before = clock_ns(clock);
  CHECK_EQ(sleep_on(clock, 0, 50 * MS, 0), 0);
  CHECK(clock_ns(clock) - before >= 50 * MS);
  before = clock_ns(clock);
  CHECK_EQ(sleep_on(clock, TIMER_ABSTIME, before + 50 * MS, 0), 0);
  CHECK(clock_ns(clock) >= before + 50 * MS);
  CHECK_EQ(sleep_on(clock, TIMER_ABSTIME, before, 0), 0);
  CHECK_EQ(sleep_on(clock, TIMER_ABSTIME, 0, 0), 0);
  CHECK_EQ(sleep_on(clock, 0, 0, 0), 0);
}

static void check_others(void) {
  clockid_t busy_clock, child_clock;
  stop = false;
  pthread_t busy = start(stay_busy, 0);
  CHECK_EQ(pthread_getcpuclockid(busy, &busy_clock), 0);
  check_sleep_on(CLOCK_PROCESS_CPUTIME_ID);
  check_sleep_on(busy_clock);
  stop = true;
  join(busy);
  pid_t child = CHILD(for (;;) continue);
  CHECK_EQ(clock_getcpuclockid(child, &child_clock), 0);
  check_sleep_on(child_clock);
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
}

// Nobody uses any: only a signal ends it. Again and again, as the first one may come before.
static void check_interruption(void) {
  struct timespec left = {-1, -1};
  struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  struct itimerspec often = {{0, 20 * MS}, {0, 20 * MS}};
  timer_t timer;
  sigaction(SIGUSR1, &action, 0);
  REQUIRE(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &often, 0) == 0);
  CHECK_EQ(sleep_on(CLOCK_PROCESS_CPUTIME_ID, 0, 20000 * MS, &left), EINTR);
  CHECK(left.tv_sec >= 10 && left.tv_sec < 20);
  left.tv_sec = -1;
  long long now = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  CHECK_EQ(sleep_on(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, now + 20000 * MS, &left), EINTR);
  CHECK_EQ(left.tv_sec, -1);
  CHECK_EQ(timer_delete(timer), 0);
}

static void check_errors(void) {
  struct timespec bad = {0, 1000 * MS};
  CHECK_EQ(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &bad, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, (void *)8, 0), EFAULT);
}

int main(void) {
  limit_time();
  check_others();
  check_interruption();
  check_errors();
  return finish();
}
