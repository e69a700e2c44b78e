// segv-in-handler: a fault inside the fault's handler, which masks it, kills. man 2 sigaction.
// status: 139
#include <signal.h>

static void handler(int number) {
  (void)number;
  *(volatile int *)16 = 1;
}

int main(void) {
  signal(SIGSEGV, handler);
  *(volatile int *)8 = 1;
  return 0;
}
