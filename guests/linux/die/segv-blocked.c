// segv-blocked: a fault whose signal is blocked kills although there is a handler. man 2 sigprocmask.
// status: 139
#include <signal.h>
#include <unistd.h>

static void handler(int number) {
  (void)number;
  _exit(1);
}

int main(void) {
  sigset_t set;
  signal(SIGSEGV, handler);
  sigemptyset(&set);
  sigaddset(&set, SIGSEGV);
  sigprocmask(SIG_BLOCK, &set, 0);
  *(volatile int *)8 = 1;
  return 0;
}
