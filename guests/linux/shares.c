// shares: threads on one CPU take turns; a nice value says how much of it a process gets. man 7 sched, man 2 sched_setaffinity.
// not in CI's beds: emulation makes it slow
#include <sched.h>
#include <sys/resource.h>

#include "threads.h"

#define MS 1000000ll
#define LONG_NS (300 * MS)

static int first;

static void stay_on(int cpu) {
  cpu_set_t one = only(cpu);
  CHECK_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
}

static long long cpu_ns(clockid_t clock) {
  struct timespec t;
  REQUIRE(clock_gettime(clock, &t) == 0);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static long long spun_ns[2];

static void *spin_for_wall(void *which) {
  // It may have begun on another CPU, beside the other thread.
  stay_on(first);
  long long had = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
  for (long long end = now_ns() + LONG_NS; now_ns() < end;) CHECK_EQ(sched_getcpu(), first);
  spun_ns[(long)which] = cpu_ns(CLOCK_THREAD_CPUTIME_ID) - had;
  return 0;
}

// Together they get no more of the CPU than there is.
static void check_turns(void) {
  long long begun = now_ns();
  pthread_t threads[2] = {start(spin_for_wall, (void *)0), start(spin_for_wall, (void *)1)};
  join(threads[0]), join(threads[1]);
  long long all = now_ns() - begun;
  CHECK(spun_ns[0] > 0 && spun_ns[1] > 0);
  if (spun_ns[0] + spun_ns[1] > all + all / 10) fail(__FILE__, __LINE__, "both have one CPU: ns", spun_ns[0] + spun_ns[1], 0);
}

// Another process says where a running thread may be: it is there from then on.
static void check_moved(void) {
  cpu_set_t all;
  REQUIRE(sched_getaffinity(0, sizeof(all), &all) == 0);
  pid_t child = CHILD(for (;;) continue);
  for (int round = 0; round < 3; round++)
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
      if (!CPU_ISSET(cpu, &all)) continue;
      cpu_set_t one = only(cpu);
      char path[64], text[1024], *at = 0;
      CHECK_EQ(sched_setaffinity(child, sizeof(one), &one), 0);
      snprintf(path, sizeof(path), "/proc/%d/stat", child);
      REQUIRE(read_file(path, text, sizeof(text)) > 0 && (at = strrchr(text, ')')));
      for (int field = 2; field < 39; field++) at = strchr(at + 1, ' ');
      CHECK_EQ(atoi(at), cpu);
    }
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
}

// Beside a normal process, a nice one gets a seventieth; one with SCHED_IDLE gets still less.
static void check_nice(bool idle) {
  volatile long long *had = shared_memory(PAGE);
  pid_t nice_one;
  IN_CHILD(nice_one) {
    stay_on(first);
    CHECK_EQ(idle ? sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){0}) : setpriority(PRIO_PROCESS, 0, 19), 0);
    for (;;) *had = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
  }
  CHECK(EVENTUALLY(*had != 0));
  CHECK_IN_CHILD {
    stay_on(first);
    long long before = *had, end = cpu_ns(CLOCK_THREAD_CPUTIME_ID) + LONG_NS;
    while (cpu_ns(CLOCK_THREAD_CPUTIME_ID) < end) continue;
    if (*had - before > LONG_NS / 3) fail(__FILE__, __LINE__, "what the nice one had, in ns", *had - before, 0);
  }
  kill(nice_one, SIGKILL);
  CHECK_EQ(ended(nice_one), 128 + SIGKILL);
}

int main(void) {
  cpu_set_t all;
  limit_time();
  REQUIRE(sched_getaffinity(0, sizeof(all), &all) == 0);
  while (!CPU_ISSET(first, &all)) first++;
  check_turns();
  check_moved();
  check_nice(false);
  check_nice(true);
  return finish();
}
