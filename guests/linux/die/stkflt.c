// stkflt: the default action of SIGSTKFLT, sent to itself. man 7 signal.
// status: 144
#include <signal.h>
#include <unistd.h>

int main(void) {
  kill(getpid(), SIGSTKFLT);
  return 0;
}
