// endless-traps [forever]: a timer's signals interrupt a loop of instructions that trap, and that no handler sees.
#include <sys/time.h>

#include "check.h"

#define TICKS 100

static volatile int ticks;

static void on_tick(int number) {
  (void)number;
  ticks++;
}

int main(int argc, char **argv) {
  (void)argv;
  struct sigaction action = {.sa_handler = on_tick};
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
  struct itimerval often = {{0, 1000}, {0, 1000}};
  REQUIRE(setitimer(ITIMER_REAL, &often, 0) == 0);
  while (argc > 1 || ticks < TICKS) __asm__ volatile("wfi");
  return finish();
}
