// fair-slices: a task that sleeps and wakes is at most two slices late, however many others compute.
// not in CI's beds: emulation makes it slow
#include <sched.h>

#include "processes.h"

#define SLICE_NS 10000000ll
#define SLEEP_NS 5000000ll
#define WAKES 41
#define MOST_SPINNERS 16

static int compare(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}

// The median of its wake-up delays, so that other work on the machine does not count.
static long long usual_delay(void) {
  static long long delays[WAKES];
  for (int i = 0; i < WAKES; i++) {
    struct timespec pause = {0, SLEEP_NS};
    long long start = now_ns();
    nanosleep(&pause, 0);
    delays[i] = now_ns() - start - SLEEP_NS;
  }
  qsort(delays, WAKES, sizeof(delays[0]), compare);
  return delays[WAKES / 2];
}

int main(void) {
  cpu_set_t allowed;
  REQUIRE(sched_getaffinity(0, sizeof(allowed), &allowed) == 0);
  int count = 2 * CPU_COUNT(&allowed);
  if (count > MOST_SPINNERS) count = MOST_SPINNERS;
  long long alone = usual_delay();

  pid_t spinners[MOST_SPINNERS];
  for (int i = 0; i < count; i++) {
    spinners[i] = fork();
    if (spinners[i] == 0)
      for (;;) continue;
    REQUIRE(spinners[i] > 0);
  }
  long long among = usual_delay();
  for (int i = 0; i < count; i++) {
    kill(spinners[i], SIGKILL);
    waitpid(spinners[i], 0, 0);
  }
  if (among > 3 * alone + 2 * SLICE_NS) fail(__FILE__, __LINE__, "the delay in ns", among, 0);
  return finish();
}
