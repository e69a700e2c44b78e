// hup: the default action of SIGHUP, sent to itself. man 7 signal.
// status: 129
#include <signal.h>
#include <unistd.h>

int main(void) {
  kill(getpid(), SIGHUP);
  return 0;
}
