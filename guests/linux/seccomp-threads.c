// seccomp-threads: filters of threads: each has its own, TSYNC gives all the same, one is killed alone. man 2 seccomp.
#include "filter.h"
#include "threads.h"

#include <stdatomic.h>

#define CALL SYS_getppid
#define THREADS 4

static atomic_int stage;
static atomic_int refused;
static pid_t different;

// Calls until all is over; counts the threads whose call is refused at last.
static void *calls(void *argument) {
  (void)argument;
  while (stage == 0) syscall(CALL), sched_yield();
  if (syscall(CALL) == -1 && errno == EDOM) refused++;
  return 0;
}

static void own_filters(void) {
  pthread_t thread = start(calls, 0);
  CHECK_EQ(answer(0, CALL, SECCOMP_RET_ERRNO | EDOM), 0);
  CHECK_ERRNO(syscall(CALL), EDOM);
  stage = 1;
  join(thread);
  CHECK_EQ(refused, 0);
  // A new thread has its creator's.
  join(start(calls, 0));
  CHECK_EQ(refused, 1);
}

static void same_filters(void) {
  pthread_t threads[THREADS];
  CHECK_EQ(answer(0, CALL, SECCOMP_RET_ALLOW), 0);
  for (int i = 0; i < THREADS; i++) threads[i] = start(calls, 0);
  CHECK_EQ(answer(SECCOMP_FILTER_FLAG_TSYNC, CALL, SECCOMP_RET_ERRNO | EDOM), 0);
  stage = 1;
  for (int i = 0; i < THREADS; i++) join(threads[i]);
  CHECK_EQ(refused, THREADS);
}

static void *has_a_filter(void *argument) {
  (void)argument;
  CHECK_EQ(answer(0, SYS_getuid, SECCOMP_RET_ERRNO | EDOM), 0);
  different = gettid();
  stage = 1;
  while (stage == 1) sched_yield();
  CHECK_EQ(syscall(CALL), getppid());
  return 0;
}

static void other_filters(void) {
  pthread_t thread = start(has_a_filter, 0);
  while (stage == 0) sched_yield();
  CHECK_EQ(answer(SECCOMP_FILTER_FLAG_TSYNC, CALL, SECCOMP_RET_ERRNO | EDOM), different);
#ifdef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
  CHECK_ERRNO(answer(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, CALL, SECCOMP_RET_ERRNO | EDOM), ESRCH);
#endif
  CHECK(syscall(CALL) > 0);
  stage = 2;
  join(thread);
  // It is gone.
  CHECK_EQ(answer(SECCOMP_FILTER_FLAG_TSYNC, CALL, SECCOMP_RET_ERRNO | EDOM), 0);
}

static uint32_t joined = 1;

static void *is_killed(void *argument) {
  uint32_t action = *(uint32_t *)argument;
  if (action == SECCOMP_MODE_STRICT) prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
  else answer(0, CALL, action);
  // A killed thread leaves the word that pthread_join(3) waits for, as any other does.
  syscall(CALL);
  joined = 0;
  return 0;
}

static void killed_alone(uint32_t action) {
  join(start(is_killed, &action));
  CHECK_EQ(joined, 1);
  CHECK(syscall(CALL) > 0);
}

int main(void) {
  limit_time();
  renounce_privileges();
  CHECK_IN_CHILD own_filters();
  CHECK_IN_CHILD same_filters();
  CHECK_IN_CHILD other_filters();
  CHECK_IN_CHILD killed_alone(SECCOMP_RET_KILL_THREAD);
  CHECK_IN_CHILD killed_alone(SECCOMP_MODE_STRICT);
  CHECK_EQ(ended(CHILD(killed_alone(SECCOMP_RET_KILL_PROCESS))), 128 + SIGSYS);
  return finish();
}
