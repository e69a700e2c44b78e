// threads: create, join, locks, condition variables, barriers, thread-local storage, ends of threads and of all. man 7 pthreads.
// not in CI's beds: emulation makes it slow
#include "threads.h"

#define MANY 32
#define LOCKS 250
#define NUMBERS 500
#define LEAST_NUMBERS 50

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static __thread int own = 5;
static pthread_key_t key;
static int shared_count, destroyed;
static pid_t tids[MANY];

static void destroy(void *value) { __atomic_fetch_add(&destroyed, (int)(intptr_t)value, __ATOMIC_SEQ_CST); }

// Each adds under the lock, meets the others twice, and ends with its number.
static void *work(void *argument) {
  int number = (int)(intptr_t)argument;
  tids[number] = gettid();
  CHECK(own == 5 && getpid() != gettid());
  own = number;
  pthread_setspecific(key, (void *)(intptr_t)1);
  for (int i = 0; i < LOCKS; i++) {
    pthread_mutex_lock(&mutex);
    int before = shared_count;
    if (i % 50 == 0) sched_yield();
    shared_count = before + 1;
    pthread_mutex_unlock(&mutex);
  }
  for (int round = 1; round <= 2; round++) {
    pthread_barrier_wait(&barrier);
    CHECK_EQ(__atomic_load_n(&shared_count, __ATOMIC_SEQ_CST), MANY * LOCKS);
    CHECK_EQ(own, number);
  }
  if (number % 2) pthread_exit(argument);
  return argument;
}

static void check_many(void) {
  pthread_t threads[MANY];
  CHECK_EQ(pthread_barrier_init(&barrier, 0, MANY), 0);
  CHECK_EQ(pthread_key_create(&key, destroy), 0);
  for (int round = 1; round <= 3 && (round == 1 || !is_late()); round++) {
    shared_count = 0;
    for (int i = 0; i < MANY; i++) threads[i] = start(work, (void *)(intptr_t)i);
    for (int i = 0; i < MANY; i++) CHECK_EQ((intptr_t)join(threads[i]), i);
    CHECK_EQ(destroyed, MANY * round);
    for (int i = 0; i < MANY; i++)
      for (int j = 0; j < i; j++) CHECK(tids[i] != tids[j]);
  }
  CHECK_EQ(own, 5);
}

// A queue with one place between two threads: every number arrives, in order.
static int place, last_number = NUMBERS;

static void *produce(void *argument) {
  for (int i = 1; i <= __atomic_load_n(&last_number, __ATOMIC_SEQ_CST); i++) {
    pthread_mutex_lock(&mutex);
    while (place) pthread_cond_wait(&condition, &mutex);
    place = i;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return argument;
}

static void check_conditions(void) {
  pthread_t producer = start(produce, 0);
  for (int i = 1; i <= last_number; i++) {
    pthread_mutex_lock(&mutex);
    while (!place) pthread_cond_wait(&condition, &mutex);
    CHECK_EQ(place, i);
    // The producer may already be about to hand over the next one.
    if (i >= LEAST_NUMBERS && i < last_number - 1 && is_late()) __atomic_store_n(&last_number, i + 1, __ATOMIC_SEQ_CST);
    place = 0;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
  }
  join(producer);
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  pthread_mutex_lock(&mutex);
  CHECK_EQ(pthread_cond_timedwait(&condition, &mutex, &until), ETIMEDOUT);
  pthread_mutex_unlock(&mutex);
}

static void *sleep_forever(void *argument) {
  for (;;) pause();
  return argument;
}

static void *spin_forever(void *argument) {
  for (;;) __asm__ volatile("" ::: "memory");
  return argument;
}

static void check_cancellation(void) {
  pthread_t sleeper = start(sleep_forever, 0);
  CHECK_EQ(pthread_cancel(sleeper), 0);
  CHECK(join(sleeper) == PTHREAD_CANCELED);
}

// ---- the end of all threads, whatever brings it about: with threads that sleep and that spin

static void start_others(void) {
  start(sleep_forever, 0), start(spin_forever, 0), start(sleep_forever, 0);
}

static void *exit_group(void *status) {
  exit((int)(intptr_t)status);
  return 0;
}

static void *exit_last(void *status) {
  // The first thread is a zombie by now, and the process is not.
  CHECK(EVENTUALLY(state_of(getpid()) == 'Z'));
  CHECK_EQ(kill(getpid(), 0), 0);
  exit(failures ? 1 : (int)(intptr_t)status);
  return 0;
}

static void *exit_alone(void *status) {
  CHECK(EVENTUALLY(state_of(getpid()) == 'Z'));
  syscall(SYS_exit, (int)(intptr_t)status);
  return 0;
}

static void *fault(void *nothing) {
  *(volatile char *)nothing = 1;
  return 0;
}

static void *run(void *path) {
  char *words[] = {path, 0}, *variables[] = {"MODE=exec", 0}, pid[32];
  snprintf(pid, sizeof(pid), "PID=%d", getpid());
  char *with_pid[] = {variables[0], pid, 0};
  CHECK(gettid() != getpid());
  execve(path, words, with_pid);
  return 0;
}

// The program that a thread executed: it has one thread, whose id is the process's.
static int after_exec(void) {
  struct stat status;
  CHECK_EQ(getpid(), atoi(getenv("PID")));
  CHECK_EQ(gettid(), getpid());
  CHECK(stat("/proc/self/task", &status) == 0 && status.st_nlink == 3);
  return finish();
}

static void check_ends(const char *self) {
  pid_t child;
  CHECK_EQ(ended(CHILD((start_others(), sleep_ms(5), exit(11)))), 11);
  CHECK_EQ(ended(CHILD((start_others(), start(exit_group, (void *)12), pause()))), 12);
  CHECK_EQ(ended(CHILD((start(exit_last, (void *)13), pthread_exit(0)))), 13);
  // All threads end one by one: the status is that of the last, since Linux 6.1.
  CHECK_EQ(ended(CHILD((start(exit_alone, (void *)15), syscall(SYS_exit, 16)))), 15);
  CHECK_EQ(ended(CHILD((start_others(), start(fault, 0), pause()))), 128 + SIGSEGV);
  CHECK_EQ(ended(CHILD((start_others(), start(run, (void *)self), pause()))), 0);
  IN_CHILD(child) {
    start_others();
    execve(self, (char *[]){"name", 0}, (char *[]){"MODE=end", 0});
  }
  CHECK_EQ(ended(child), 14);
  child = CHILD((start_others(), sleep_forever(0)));
  sleep_ms(10);
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
  // A fork has one thread, whichever thread forked.
  IN_CHILD(child) {
    start_others();
    CHECK_IN_CHILD {
      struct stat status;
      CHECK_EQ(gettid(), getpid());
      CHECK(stat("/proc/self/task", &status) == 0 && status.st_nlink == 3);
    }
  }
  CHECK_EQ(ended(child), 0);
}

int main(void) {
  char self[4096] = "";
  const char *mode = getenv("MODE");
  if (mode && strcmp(mode, "exec") == 0) return after_exec();
  if (mode) return 14;
  limit_time();
  REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  check_many();
  check_conditions();
  check_cancellation();
  check_ends(self);
  return finish();
}
