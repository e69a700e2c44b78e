// pending-fatal: a blocked fatal signal kills when it is unblocked. man 2 sigprocmask.
// status: 143
#include <signal.h>
#include <unistd.h>

int main(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, 0);
  raise(SIGTERM);
  if (write(1, "", 0)) return 1;
  sigprocmask(SIG_UNBLOCK, &set, 0);
  return 0;
}
