// timers: alarm, interval timers on wall and CPU time, POSIX timers by signal. man 2 alarm, setitimer, timer_create.
#include <sys/time.h>
#include <time.h>

#include "check.h"

#define MS 1000000l

static volatile int fired[65];
static siginfo_t last;

static void on_timer(int number, siginfo_t *info, void *context) {
  (void)context;
  last = *info;
  fired[number]++;
}

static void handle(int number) {
  struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART};
  REQUIRE(sigaction(number, &action, 0) == 0);
}

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

// Computes until the signal has come that often; 30 s at most.
static bool spins_until(int number, int count) {
  long long start = now_ns();
  while (fired[number] < count && now_ns() - start < 30000 * MS) {
  }
  return fired[number] >= count;
}

static void check_alarm(void) {
  handle(SIGALRM);
  CHECK_EQ(alarm(100), 0);
  CHECK_EQ(alarm(1), 100);
  long long start = now_ns();
  CHECK_ERRNO(pause(), EINTR);
  CHECK(now_ns() - start > 900 * MS);
  CHECK_EQ(fired[SIGALRM], 1);
  CHECK_EQ(last.si_code, SI_KERNEL);
  CHECK_EQ(alarm(0), 0);
  // alarm and ITIMER_REAL are one timer.
  struct itimerval now;
  alarm(50);
  CHECK_EQ(getitimer(ITIMER_REAL, &now), 0);
  CHECK(now.it_value.tv_sec >= 49 && now.it_value.tv_sec <= 50);
  CHECK_EQ(alarm(0), 50);
}

static void check_intervals(void) {
  static const struct {
    int timer, number;
  } kinds[] = {{ITIMER_REAL, SIGALRM}, {ITIMER_VIRTUAL, SIGVTALRM}, {ITIMER_PROF, SIGPROF}};
  for (size_t i = 0; i < COUNT(kinds); i++) {
    struct itimerval every = {{0, 10000}, {0, 10000}}, off = {0}, old;
    handle(kinds[i].number);
    fired[kinds[i].number] = 0;
    CHECK_EQ(setitimer(kinds[i].timer, &every, 0), 0);
    CHECK(spins_until(kinds[i].number, 3));
    CHECK_EQ(setitimer(kinds[i].timer, &off, &old), 0);
    CHECK(old.it_interval.tv_usec >= 10000 && old.it_interval.tv_usec <= 20000);
    CHECK(old.it_value.tv_usec > 0 && old.it_value.tv_usec <= 20000);
    CHECK_EQ(getitimer(kinds[i].timer, &old), 0);
    CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
  }
  struct itimerval bad = {.it_value = {0, 1000000}};
  CHECK_ERRNO(setitimer(ITIMER_REAL, &bad, 0), EINVAL);
  CHECK_ERRNO(setitimer(99, &bad, 0), EINVAL);
}

// CPU timers stand still while the program sleeps.
static void check_virtual_sleeps(void) {
  // Far more than a busy machine takes to let the program run.
  struct itimerval once = {.it_value = {0, 900000}}, off = {0};
  fired[SIGVTALRM] = 0;
  CHECK_EQ(setitimer(ITIMER_VIRTUAL, &once, 0), 0);
  struct timespec wait = {1, 200 * MS};
  CHECK_EQ(nanosleep(&wait, 0), 0);
  CHECK_EQ(fired[SIGVTALRM], 0);
  CHECK_EQ(setitimer(ITIMER_VIRTUAL, &off, 0), 0);
}

static void check_posix(void) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 4711};
  struct itimerspec every = {{0, 10 * MS}, {0, 5 * MS}}, off = {0}, old;
  timer_t timer, second;
  handle(SIGRTMIN);
  REQUIRE(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  CHECK_EQ(timer_settime(timer, 0, &every, 0), 0);
  CHECK(spins_until(SIGRTMIN, 3));
  CHECK(last.si_code == SI_TIMER && last.si_value.sival_int == 4711 && last.si_signo == SIGRTMIN);
  CHECK_EQ(timer_gettime(timer, &old), 0);
  CHECK_EQ(old.it_interval.tv_nsec, 10 * MS);
  CHECK_EQ(timer_settime(timer, 0, &off, &old), 0);
  int count = fired[SIGRTMIN];
  struct timespec wait = {0, 40 * MS};
  nanosleep(&wait, 0);
  CHECK_EQ(fired[SIGRTMIN], count);

  // Expirations while the signal is blocked are one signal with an overrun.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, 0);
  CHECK_EQ(timer_settime(timer, 0, &every, 0), 0);
  wait.tv_nsec = 100 * MS;
  nanosleep(&wait, 0);
  CHECK_EQ(timer_settime(timer, 0, &off, 0), 0);
  siginfo_t info;
  struct timespec zero = {0, 0};
  int taken = sigtimedwait(&set, &info, &zero);
  // Kernels from 6.13 on forget the pending signal of a stopped timer.
  if (taken == SIGRTMIN) CHECK(timer_getoverrun(timer) >= 0);
  CHECK_EQ(sigtimedwait(&set, &info, &zero), -1);
  sigprocmask(SIG_UNBLOCK, &set, 0);

  // SIGEV_NONE only counts down; no event at all means SIGALRM.
  event.sigev_notify = SIGEV_NONE;
  CHECK_EQ(timer_create(CLOCK_REALTIME, &event, &second), 0);
  CHECK_EQ(timer_delete(second), 0);
  CHECK_EQ(timer_create(CLOCK_MONOTONIC, 0, &second), 0);
  fired[SIGALRM] = 0;
  CHECK_EQ(timer_settime(second, 0, &(struct itimerspec){.it_value = {0, MS}}, 0), 0);
  CHECK(spins_until(SIGALRM, 1));
  CHECK_EQ(timer_delete(second), 0);
  CHECK_EQ(timer_delete(timer), 0);
  CHECK_ERRNO(syscall(SYS_timer_delete, 12345), EINVAL);
  CHECK_ERRNO(syscall(SYS_timer_settime, 12345, 0, &every, 0), EINVAL);
  event = (struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 99};
  CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &second), EINVAL);
}

int main(void) {
  check_alarm();
  check_intervals();
  check_virtual_sleeps();
  check_posix();
  return finish();
}
