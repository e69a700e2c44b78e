// kill: the default action of SIGKILL, sent to itself. man 7 signal.
// status: 137
#include <signal.h>
#include <unistd.h>

int main(void) {
  kill(getpid(), SIGKILL);
  return 0;
}
