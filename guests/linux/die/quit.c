// quit: the default action of SIGQUIT, sent to itself. man 7 signal.
// status: 131
#include <signal.h>
#include <unistd.h>

int main(void) {
  kill(getpid(), SIGQUIT);
  return 0;
}
