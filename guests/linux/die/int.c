// int: the default action of SIGINT, sent to itself. man 7 signal.
// status: 130
#include <signal.h>
#include <unistd.h>

int main(void) {
  kill(getpid(), SIGINT);
  return 0;
}
