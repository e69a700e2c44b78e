// segv-ignored: a fault whose signal is ignored kills. man 2 sigaction.
// status: 139
#include <signal.h>

int main(void) {
  signal(SIGSEGV, SIG_IGN);
  *(volatile int *)8 = 1;
  return 0;
}
