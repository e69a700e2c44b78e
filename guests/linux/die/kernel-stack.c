// kernel-stack: as null-stack, with the stack pointer at 0xffff888000001000. man 2 sigaction.
// status: 139
#include "arch.h"

static void handler(int number) {
  (void)number;
  _exit(1);
}

int main(void) {
  uintptr_t after;
  signal(SIGUSR1, handler);
  signal(SIGSEGV, handler);
  call_on_stack(0xffff888000001000, &after, SYS_kill, getpid(), SIGUSR1, 0);
  return 0;
}
