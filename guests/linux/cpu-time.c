// cpu-time: processor time is charged to its user: threads, processes, children; its clocks and timers. man 2 clock_gettime, times.
// not in CI's beds: emulation makes it slow
#include <sys/resource.h>
#include <sys/times.h>

#include "threads.h"

#define MS 1000000ll

static long long clock_ns(clockid_t clock) {
  struct timespec t = {0, 0};
  CHECK_EQ(clock_gettime(clock, &t), 0);
  return t.tv_sec * 1000 * MS + t.tv_nsec;
}

static long long usage_ns(int who) {
  struct rusage usage;
  CHECK_EQ(getrusage(who, &usage), 0);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 * MS + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static void burn(long long ns) {
  long long until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;
  while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until) continue;
}

static volatile bool stop;

static void *stay_busy(void *argument) {
  while (!stop) continue;
  return argument;
}

static void *stay_asleep(void *argument) {
  while (!stop) sleep_ms(1000);
  return argument;
}

// Bounds are fractions of the time slept or used, and the first calls are the slowest: an emulated machine takes milliseconds for one.
static bool sleeps_free(clockid_t clock) {
  for (int i = 0; i < 5; i++) {
    long long before = clock_ns(clock);
    sleep_ms(200);
    if (clock_ns(clock) - before < 40 * MS) return true;
  }
  return false;
}

static void check_sleep(void) {
  CHECK(sleeps_free(CLOCK_THREAD_CPUTIME_ID));
  CHECK(sleeps_free(CLOCK_PROCESS_CPUTIME_ID));
}

static void check_threads(void) {
  clockid_t busy_clock, sleepy_clock;
  stop = false;
  pthread_t busy = start(stay_busy, 0), sleepy = start(stay_asleep, 0);
  CHECK_EQ(pthread_getcpuclockid(busy, &busy_clock), 0);
  CHECK_EQ(pthread_getcpuclockid(sleepy, &sleepy_clock), 0);
  long long own = clock_ns(CLOCK_THREAD_CPUTIME_ID), process = clock_ns(CLOCK_PROCESS_CPUTIME_ID), usage = usage_ns(RUSAGE_SELF);
  long long wall = now_ns(), before = clock_ns(busy_clock), sleepy_before = clock_ns(sleepy_clock);
  sleep_ms(500);
  CHECK(EVENTUALLY(clock_ns(busy_clock) - before >= 100 * MS));
  long long used = clock_ns(busy_clock) - before;
  CHECK(used <= now_ns() - wall + 20 * MS);
  CHECK(clock_ns(sleepy_clock) - sleepy_before < used / 2);
  CHECK(clock_ns(CLOCK_THREAD_CPUTIME_ID) - own < used);
  CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - process >= used);
  CHECK(usage_ns(RUSAGE_SELF) - usage >= used - 20 * MS);
  CHECK(usage_ns(RUSAGE_THREAD) < usage_ns(RUSAGE_SELF));
  stop = true;
  join(busy), join(sleepy);
  // What threads used before they ended still counts for the process.
  CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - process >= used);
  CHECK(usage_ns(RUSAGE_SELF) - usage >= used - 20 * MS);
}

// Other processes can read a child's clock; its time is added to its parent's account when it is waited for.
static void check_children(void) {
  struct gate ready = new_gate(), go = new_gate();
  struct tms before, after;
  clockid_t clock;
  char path[64], text[1024];
  long ticks = sysconf(_SC_CLK_TCK), user = 0, system = 0;
  times(&before);
  long long usage = usage_ns(RUSAGE_CHILDREN);
  // What its parent used does not count for the child.
  long long inherited = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  pid_t child;
  IN_CHILD(child) {
    CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) < inherited / 2);
    burn(100 * MS);
    open_gate(ready), pass_gate(go);
  }
  CHECK_EQ(clock_getcpuclockid(child, &clock), 0);
  pass_gate(ready);
  CHECK(clock_ns(clock) >= 100 * MS && clock_ns(clock) < 1000 * MS);
  snprintf(path, sizeof(path), "/proc/%d/stat", child);
  CHECK(read_file(path, text, sizeof(text)) > 0);
  CHECK_EQ(sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system), 2);
  CHECK(user + system >= ticks / 10 - 4 && user + system < ticks);
  CHECK(times(&after) != -1 && after.tms_cutime == before.tms_cutime && after.tms_cstime == before.tms_cstime);
  CHECK(usage_ns(RUSAGE_CHILDREN) == usage);
  open_gate(go);
  CHECK_EQ(ended(child), 0);
  CHECK(times(&after) != -1);
  long more = after.tms_cutime + after.tms_cstime - before.tms_cutime - before.tms_cstime;
  CHECK(more >= ticks / 10 - 2 && more < ticks);
  CHECK(usage_ns(RUSAGE_CHILDREN) - usage >= 99 * MS && usage_ns(RUSAGE_CHILDREN) - usage < 1000 * MS);
  CHECK_ERRNO(clock_gettime(clock, &(struct timespec){0}), EINVAL);
  remove_gate(ready), remove_gate(go);
}

static volatile int expired;
static void expire(int number) { expired += number > 0; }

static bool outlasts_sleep(timer_t timer, long ms) {
  struct itimerspec once = {.it_value = {ms / 1000, ms % 1000 * MS}};
  expired = 0;
  CHECK_EQ(timer_settime(timer, 0, &once, 0), 0);
  sleep_ms(2 * ms);
  return expired == 0;
}

// A timer on a thread's clock does not run down while that thread sleeps, only for the calls before and after, which may take long.
static void check_timers(void) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  long ms = 50;
  struct sigaction action = {.sa_handler = expire};
  timer_t timer;
  sigaction(SIGUSR1, &action, 0), sigaction(SIGPROF, &action, 0), sigaction(SIGVTALRM, &action, 0);
  CHECK_EQ(timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer), 0);
  while (!outlasts_sleep(timer, ms) && ms < 3000) ms *= 2;
  CHECK_EQ(expired, 0);
  // Linux looks at each tick of its clock: on a busy machine the thread may not run at one for a while.
  long long until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + 20 * ms * MS;
  while (!expired && clock_ns(CLOCK_THREAD_CPUTIME_ID) < until) continue;
  CHECK_EQ(expired, 1);
  timer_delete(timer);
  // On the process's clock: it also counts time that another thread uses.
  static const int which[] = {ITIMER_PROF, ITIMER_VIRTUAL};
  for (int i = 0; i < 2; i++) {
    struct itimerval once = {.it_value = {0, 50000}};
    stop = false, expired = 0;
    pthread_t busy = start(stay_busy, 0);
    CHECK_EQ(setitimer(which[i], &once, 0), 0);
    CHECK(EVENTUALLY(expired == 1));
    stop = true;
    join(busy);
  }
}

int main(void) {
  limit_time();
  check_sleep();
  check_threads();
  check_children();
  check_timers();
  return finish();
}
