// sched-tasks: policies, nice values and CPUs are each thread's; children inherit them; /proc tells. man 7 sched, man 2 sched_setattr.
// not in CI's beds: emulation makes it slow
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "check.h"

struct attr {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

// Field n of a stat file, counted from 1 as in man 5 proc; from 3 on.
static long stat_field(pid_t tid, int n) {
  char path[64], text[1024], *at;
  snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
  if (read_file(path, text, sizeof(text)) <= 0 || !(at = strrchr(text, ')'))) return -1000;
  for (at++; n > 3; n--) at = strchr(at + 1, ' ');
  return strtol(at, 0, 10);
}

static long status_field(pid_t tid, const char *name) {
  char path[64], text[4096], *at;
  snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
  if (read_file(path, text, sizeof(text)) <= 0 || !(at = strstr(text, name))) return -1000;
  return strtol(at + strlen(name) + 2, 0, 10);
}

static int policy_of(int policy) { return sched_setscheduler(0, policy, &(struct sched_param){0}); }

static void *change(void *tid) {
  int me = gettid();
  CHECK_EQ(setpriority(PRIO_PROCESS, me, 7), 0);
  CHECK_EQ(policy_of(SCHED_BATCH), 0);
  CHECK_EQ(getpriority(PRIO_PROCESS, 0), 7);
  CHECK_EQ(sched_getscheduler(0), SCHED_BATCH);
  CHECK_EQ(stat_field(me, 18), 27);
  CHECK_EQ(stat_field(me, 19), 7);
  CHECK_EQ(stat_field(me, 41), SCHED_BATCH);
  CHECK_EQ(stat_field(me, 38), -1);
  *(int *)tid = me;
  return 0;
}

static void check_threads(void) {
  pthread_t thread;
  int tid = 0;
  REQUIRE(pthread_create(&thread, 0, change, &tid) == 0);
  CHECK_EQ(pthread_join(thread, 0), 0);
  // The first thread is unchanged.
  CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
  CHECK_EQ(sched_getscheduler(0), SCHED_OTHER);
  CHECK_EQ(stat_field(getpid(), 18), 20);
  CHECK_EQ(stat_field(getpid(), 41), SCHED_OTHER);
  CHECK_EQ(stat_field(getpid(), 38), SIGCHLD);
}

static void check_children(void) {
  int status;
  struct attr attr = {.size = sizeof(attr), .policy = SCHED_BATCH, .nice = 4};
  CHECK_EQ(syscall(SYS_sched_setattr, 0, &attr, 0), 0);
  pid_t child = fork();
  if (child == 0) {
    failures = 0;
    CHECK_EQ(sched_getscheduler(0), SCHED_BATCH);
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 4);
    memset(&attr, 0xff, sizeof(attr));
    CHECK_EQ(syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0), 0);
    CHECK(attr.policy == SCHED_BATCH && attr.nice == 4 && attr.flags == 0 && attr.priority == 0);
    _exit(failures != 0);
  }
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  attr = (struct attr){.size = sizeof(attr), .policy = SCHED_OTHER, .flags = 1, .nice = 4};
  CHECK_EQ(syscall(SYS_sched_setattr, 0, &attr, 0), 0);
  CHECK_EQ(sched_getscheduler(0), SCHED_OTHER | SCHED_RESET_ON_FORK);
  child = fork();
  if (child == 0) _exit(sched_getscheduler(0) != SCHED_OTHER || getpriority(PRIO_PROCESS, 0) != 4);
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  attr.flags = 1ull << 40;
  CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &attr, 0), EINVAL);
}

// As a user: no way back to what needed a privilege, and no changes to other users' processes.
static void check_user(pid_t other) {
  struct rlimit none = {0, 0}, some = {15, 15};
  // Needs CAP_SYS_RESOURCE, which a container's root may lack.
  bool limited = setrlimit(RLIMIT_NICE, &some) == 0;
  CHECK_EQ(policy_of(SCHED_OTHER | SCHED_RESET_ON_FORK), 0);
  REQUIRE(setresgid(4322, 4322, 4322) == 0 && setresuid(4322, 4322, 4322) == 0);
  CHECK_ERRNO(policy_of(SCHED_OTHER), EPERM);
  CHECK_EQ(policy_of(SCHED_OTHER | SCHED_RESET_ON_FORK), 0);
  CHECK_EQ(setpriority(PRIO_PROCESS, 0, 10), 0);
  if (limited) CHECK_EQ(setpriority(PRIO_PROCESS, 0, 5), 0);
  CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, 4), EACCES);
  REQUIRE(setrlimit(RLIMIT_NICE, &none) == 0);
  CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, 4), EACCES);
  CHECK_EQ(policy_of(SCHED_IDLE | SCHED_RESET_ON_FORK), 0);
  CHECK_ERRNO(policy_of(SCHED_OTHER | SCHED_RESET_ON_FORK), EPERM);
  CHECK_ERRNO(sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){5}), EPERM);
  CHECK_ERRNO(sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){5}), EINVAL);
  CHECK_ERRNO(setpriority(PRIO_PROCESS, other, 19), EPERM);
  CHECK_ERRNO(sched_setscheduler(other, SCHED_BATCH, &(struct sched_param){0}), EPERM);
  CHECK(getpriority(PRIO_PROCESS, other) >= -20);
  CHECK_EQ(getpriority(PRIO_USER, 0), limited ? 5 : 10);
}

// A thread that sleeps gives up its CPU voluntarily.
static void check_switches(void) {
  long before = status_field(getpid(), "\nvoluntary_ctxt_switches");
  // Long enough that a slow kernel does not find that the end has passed already.
  for (int i = 0; i < 20; i++) usleep(20000);
  CHECK(before >= 0 && status_field(getpid(), "\nvoluntary_ctxt_switches") >= before + 20);
  CHECK(status_field(getpid(), "\nnonvoluntary_ctxt_switches") >= 0);
}

int main(void) {
  alarm(60);
  if (getpriority(PRIO_PROCESS, 0) == 0) check_threads(), check_children();
  check_switches();
  if (is_root()) {
    int status;
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
      failures = 0;
      check_user(parent);
      _exit(failures != 0);
    }
    CHECK_EQ(policy_of(SCHED_OTHER), 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
  }
  return finish();
}
