// alarm-spinning: SIGALRM while the program computes and makes no calls. man 2 setitimer.
// status: 142
#include <sys/time.h>

int main(void) {
  struct itimerval soon = {.it_value = {0, 100000}};
  setitimer(ITIMER_REAL, &soon, 0);
  for (volatile long i = 0;; i++) {
  }
}
