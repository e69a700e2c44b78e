// hostile-processes: bombs of processes and threads that end at a limit, with EAGAIN; and the recovery. man 2 fork, setrlimit.
// not in CI's beds: emulation makes it slow
//
// hostile-processes N: the user may have N processes. hostile-processes N none: only the system's own limit applies.
#include <sys/resource.h>

#include "threads.h"

struct count {
  int processes, threads, refusals, other_errors;
};
static struct count *seen;
static int allowed = 60;
static bool is_limited = true;

static void add(int *to) { __atomic_fetch_add(to, 1, __ATOMIC_SEQ_CST); }

static void refused(void) {
  add(errno == EAGAIN || errno == ENOMEM ? &seen->refusals : &seen->other_errors);
}

static void limit(void) {
  // root may have any number, so this becomes another user.
  struct rlimit processes = {(rlim_t)allowed, (rlim_t)allowed};
  if (is_limited) CHECK_EQ(setrlimit(RLIMIT_NPROC, &processes), 0);
  if (is_root() && is_limited) become_lone_user();
}

// Every process forks as often as it can, and so do its children.
static void explode(void) {
  for (;;) {
    pid_t child = fork();
    if (child < 0) break;
    if (child == 0) add(&seen->processes);
  }
  refused();
  for (;;) pause();
}

static bool reap_all(pid_t group) {
  kill(-group, SIGKILL);
  while (waitpid(-1, 0, WNOHANG) > 0) continue;
  return errno == ECHILD;
}

static void check_fork_bomb(void) {
  memset(seen, 0, sizeof(*seen));
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  pid_t bomb;
  IN_CHILD(bomb) {
    setpgid(0, 0);
    limit();
    explode();
  }
  setpgid(bomb, bomb);
  CHECK(EVENTUALLY(__atomic_load_n(&seen->refusals, __ATOMIC_SEQ_CST) > seen->processes));
  CHECK_EQ(seen->other_errors, 0);
  // The last ones may not have counted themselves yet.
  if (is_root() && is_limited) CHECK(EVENTUALLY(__atomic_load_n(&seen->processes, __ATOMIC_SEQ_CST) == allowed - 1));
  CHECK(EVENTUALLY(reap_all(bomb)));
  // Afterwards all is as before.
  CHECK_EQ(ended(CHILD(_exit(3))), 3);
}

static void *sleep_forever(void *argument) {
  for (;;) pause();
  return argument;
}

static void check_thread_bomb(void) {
  memset(seen, 0, sizeof(*seen));
  pid_t bomb;
  IN_CHILD(bomb) {
    pthread_attr_t attributes;
    pthread_t thread, last = 0;
    int error;
    pthread_attr_init(&attributes), pthread_attr_setstacksize(&attributes, 65536);
    bool is_alone = is_root() && is_limited;
    limit();
    while ((error = pthread_create(&thread, &attributes, sleep_forever, 0)) == 0) last = thread, seen->threads++;
    CHECK(error == EAGAIN || error == ENOMEM);
    CHECK_ERRNO(fork(), EAGAIN);
    if (is_alone) CHECK_EQ(seen->threads, allowed - 1);
    REQUIRE(last);
    CHECK_EQ(pthread_cancel(last), 0);
    join(last);
    CHECK(EVENTUALLY(pthread_create(&thread, &attributes, sleep_forever, 0) == 0));
  }
  CHECK_EQ(ended(bomb), 0);
  CHECK_EQ(ended(CHILD(_exit(3))), 3);
}

// A process that forks and ends, again and again, so that a kill of its pid is always late; a kill of its group is not.
static void check_runner(void) {
  pid_t runner;
  IN_CHILD(runner) {
    setpgid(0, 0);
    limit();
    for (;;) {
      pid_t child = fork();
      if (child > 0) _exit(0);
      if (child < 0) sched_yield();
      add(&seen->processes);
    }
  }
  setpgid(runner, runner);
  seen->processes = 0;
  CHECK(EVENTUALLY(__atomic_load_n(&seen->processes, __ATOMIC_SEQ_CST) > 25));
  CHECK(EVENTUALLY(reap_all(runner)));
}

int main(int argc, char **argv) {
  if (argc > 1) allowed = atoi(argv[1]);
  is_limited = argc <= 2;
  limit_time();
  seen = shared_memory(PAGE);
  check_fork_bomb();
  check_thread_bomb();
  check_runner();
  return finish();
}
