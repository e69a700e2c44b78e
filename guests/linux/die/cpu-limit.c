// cpu-limit: SIGXCPU at the soft limit of CPU time. man 2 setrlimit.
// status: 152
#include <sys/resource.h>

int main(void) {
  struct rlimit limit = {1, 3};
  setrlimit(RLIMIT_CPU, &limit);
  for (volatile long i = 0;; i++) {
  }
}
