// non-canonical-sigreturn: a frame that returns to a non-canonical address: the fault is the program's. man 2 sigreturn.
// status: 139
#include "arch.h"

static void handler(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  *context_pc(context) = 0x800000000000;
}

int main(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, 0);
  raise(SIGUSR1);
  return 0;
}
