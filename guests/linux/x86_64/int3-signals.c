// int3-signals: each INT3 is one SIGTRAP, also while a timer interrupts the program again and again. man 2 setitimer.
#include <signal.h>
#include <sys/time.h>

#include "threads.h"

static volatile sig_atomic_t traps, ticks;

static void on_trap(int signal) {
  (void)signal;
  traps++;
}

static void on_tick(int signal) {
  (void)signal;
  ticks++;
}

int main(void) {
  limit_time();
  struct itimerval often = {{0, 500}, {0, 500}}, never = {0};
  signal(SIGTRAP, on_trap);
  signal(SIGALRM, on_tick);
  REQUIRE(setitimer(ITIMER_REAL, &often, 0) == 0);
  int made = 0;
  while (ticks < 300 && traps == made) {
    made++;
    __asm__ volatile("int3");
  }
  REQUIRE(setitimer(ITIMER_REAL, &never, 0) == 0);
  CHECK_EQ(traps, made);
  CHECK(ticks >= 300);
  return finish();
}
