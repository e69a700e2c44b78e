// storms: many short processes, many threads at a time, forks within forks; nothing is left of them. man 2 fork, man 3 pthread_create.
// not in CI's beds: emulation makes it slow
//
// storms [PROCESSES THREADS DEPTH]
#include "threads.h"

#define LEAST_PROCESSES 20

static int processes = 100, threads = 100, deepest = 30;

static void check_processes(void) {
  for (int i = 0; i < processes && (i < LEAST_PROCESSES || !is_late()); i++) {
    pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) _exit(i % 100);
    CHECK_EQ(ended(pid), i % 100);
  }
}

static int started, may_end;

static void *be_one(void *argument) {
  __atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
  futex(&started, FUTEX_WAKE, 1, 0, 0, 0);
  while (!__atomic_load_n(&may_end, __ATOMIC_SEQ_CST)) futex(&may_end, FUTEX_WAIT, 0, 0, 0, 0);
  return argument;
}

static void check_threads(void) {
  pthread_t *started_ones = calloc((size_t)threads, sizeof(pthread_t));
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 65536);
  for (int i = 0; i < threads; i++) REQUIRE(pthread_create(&started_ones[i], &attributes, be_one, (void *)(intptr_t)i) == 0);
  for (int seen; (seen = __atomic_load_n(&started, __ATOMIC_SEQ_CST)) < threads;) futex(&started, FUTEX_WAIT, (uint32_t)seen, 0, 0, 0);
  __atomic_store_n(&may_end, 1, __ATOMIC_SEQ_CST);
  futex(&may_end, FUTEX_WAKE, INT32_MAX, 0, 0, 0);
  for (int i = 0; i < threads; i++) CHECK_EQ((intptr_t)join(started_ones[i]), i);
  free(started_ones);
}

// Each writes to its own copy of what it inherited from its parent.
static int nest(int depth) {
  static volatile int page[1024];
  page[0]++;
  if (depth == 0) return page[0] % 100;
  pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) _exit(nest(depth - 1));
  int status = ended(pid);
  CHECK_EQ(page[0], deepest + 1 - depth);
  return status;
}

int main(int count, char **arguments) {
  limit_time();
  if (count == 4) processes = atoi(arguments[1]), threads = atoi(arguments[2]), deepest = atoi(arguments[3]), late_ns = INT64_MAX;
  check_processes();
  check_threads();
  CHECK_EQ(nest(deepest), (deepest + 1) % 100);
  CHECK_ERRNO(waitpid(-1, 0, WNOHANG), ECHILD);
  return finish();
}
