// real-time: the default action of a real-time signal, sent to itself. man 7 signal.
// status: 164
#include <signal.h>
#include <unistd.h>

int main(void) {
  kill(getpid(), 36);
  return 0;
}
