// alarm: SIGALRM while the program waits. man 2 alarm.
// status: 142
#include <unistd.h>

int main(void) {
  alarm(1);
  for (;;) pause();
}
