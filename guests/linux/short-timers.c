// short-timers: a program whose timers fire faster than signals can be delivered still gets on. man 2 setitimer, timer_create.
#include <sys/time.h>
#include <time.h>

#include "check.h"

// In all, longer than some periods on any machine.
#define WORK 20000000
#define TICKS 20

static volatile int ticks;

static void on_tick(int number) { (void)number, ticks++; }

static void work(void) {
  ticks = 0;
  for (volatile long i = 0; i < WORK || ticks < TICKS; i++) continue;
}

static void check_interval_timer(void) {
  struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
  REQUIRE(setitimer(ITIMER_REAL, &often, 0) == 0);
  work();
  REQUIRE(setitimer(ITIMER_REAL, &never, 0) == 0);
}

static void check_posix_timer(void) {
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
  REQUIRE(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  struct itimerspec often = {{0, 100000}, {0, 100000}};
  REQUIRE(timer_settime(timer, 0, &often, 0) == 0);
  work();
  REQUIRE(timer_delete(timer) == 0);
}

int main(void) {
  struct sigaction action = {.sa_handler = on_tick};
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
  check_interval_timer();
  check_posix_timer();
  return finish();
}
