// usr1: the default action of SIGUSR1, sent to itself. man 7 signal.
// status: 138
#include <signal.h>
#include <unistd.h>

int main(void) {
  kill(getpid(), SIGUSR1);
  return 0;
}
