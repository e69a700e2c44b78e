// sys: the default action of SIGSYS, sent to itself. man 7 signal.
// status: 159
#include <signal.h>
#include <unistd.h>

int main(void) {
  kill(getpid(), SIGSYS);
  return 0;
}
