// thread-signals: masks and stacks of each thread, signals to one thread and to whichever takes them. man 7 signal, man 2 tgkill.
// not in CI's beds: emulation makes it slow
#include <pthread.h>

#include "processes.h"

#define THREADS 4

static volatile pid_t taken_by[THREADS + 1], tids[THREADS];
static volatile int taken;
static volatile bool on_own_stack;
static __thread char *own_stack;

static void take(int number, siginfo_t *info, void *context) {
  char here;
  (void)number, (void)context;
  on_own_stack = own_stack && &here >= own_stack && &here < own_stack + 65536;
  taken_by[taken % THREADS] = gettid();
  if (info->si_code != SI_TKILL && info->si_code != SI_USER && info->si_code != SI_QUEUE) _exit(90);
  __atomic_fetch_add(&taken, 1, __ATOMIC_SEQ_CST);
}

static volatile bool done;

// Waits in short sleeps until all is over; only number 0 has SIGUSR1 unblocked.
static void *wait_with_mask(void *argument) {
  int number = (int)(intptr_t)argument;
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR1);
  CHECK_EQ(pthread_sigmask(number == 0 ? SIG_UNBLOCK : SIG_BLOCK, &set, 0), 0);
  if (number == 1) {
    stack_t stack = {.ss_sp = own_stack = malloc(65536), .ss_size = 65536}, old;
    CHECK(sigaltstack(0, &old) == 0 && old.ss_flags == SS_DISABLE);
    CHECK_EQ(sigaltstack(&stack, 0), 0);
  }
  tids[number] = gettid();
  while (!done) sleep_ms(1);
  if (number == 2) {
    CHECK(sigpending(&set) == 0 && sigismember(&set, SIGUSR1));
    // Its own pending signal is no other thread's.
    CHECK_EQ(sigwaitinfo(&set, 0), SIGUSR1);
  }
  return 0;
}

static bool all_ready(void) {
  for (int i = 0; i < THREADS; i++)
    if (!tids[i]) return false;
  return true;
}

static void check_masks(void) {
  struct sigaction action = {.sa_sigaction = take, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  pthread_t threads[THREADS];
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGUSR2);
  sigaction(SIGUSR1, &action, 0), sigaction(SIGUSR2, &action, 0);
  pthread_sigmask(SIG_BLOCK, &set, 0);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, wait_with_mask, (void *)(intptr_t)i);
  CHECK(EVENTUALLY(all_ready()));
  // The only thread that has it unblocked takes the process's signal.
  for (int i = 1; i <= 20; i++) {
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    CHECK(EVENTUALLY(taken == i));
    CHECK_EQ(taken_by[(i - 1) % THREADS], tids[0]);
  }
  // All threads inherited the mask: SIGUSR2 stays pending for the process, and the first to unblock it takes it.
  CHECK_EQ(kill(getpid(), SIGUSR2), 0);
  sleep_ms(5);
  CHECK_EQ(taken, 20);
  sigemptyset(&set), sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_UNBLOCK, &set, 0);
  CHECK_EQ(taken, 21);
  CHECK_EQ(taken_by[20 % THREADS], getpid());
  // To one thread that blocks it: it stays pending there, though another would take it.
  CHECK_EQ(syscall(SYS_tgkill, getpid(), tids[2], SIGUSR1), 0);
  sleep_ms(5);
  CHECK_EQ(taken, 21);
  sigpending(&set);
  CHECK(!sigismember(&set, SIGUSR1));
  done = true;
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  CHECK_EQ(taken, 21);
}

static void *wait_open(void *argument) {
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR1);
  if ((intptr_t)argument == 1) {
    stack_t stack = {.ss_sp = own_stack = malloc(65536), .ss_size = 65536};
    sigaltstack(&stack, 0);
  }
  pthread_sigmask(SIG_UNBLOCK, &set, 0);
  tids[(intptr_t)argument] = gettid();
  while (!done) sleep_ms(1);
  return 0;
}

static void check_tgkill(void) {
  pthread_t threads[THREADS];
  done = false, taken = 0;
  memset((void *)tids, 0, sizeof(tids));
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, wait_open, (void *)(intptr_t)i);
  CHECK(EVENTUALLY(all_ready()));
  for (int i = 0; i < 40; i++) {
    int to = i % THREADS;
    if (i & 4) CHECK_EQ(syscall(SYS_tgkill, getpid(), tids[to], SIGUSR1), 0);
    else CHECK_EQ(syscall(SYS_tkill, tids[to], SIGUSR1), 0);
    CHECK(EVENTUALLY(taken == i + 1));
    CHECK_EQ(taken_by[to], tids[to]);
    CHECK_EQ(on_own_stack, to == 1);
  }
  CHECK_EQ(pthread_kill(threads[3], 0), 0);
  CHECK_ERRNO(syscall(SYS_tgkill, getppid(), tids[0], 0), ESRCH);
  CHECK_ERRNO(syscall(SYS_tgkill, tids[0], tids[0], 0), ESRCH);
  CHECK_ERRNO(syscall(SYS_tgkill, -1, tids[0], 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_tgkill, getpid(), 0, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_tgkill, getpid(), tids[0], 65), EINVAL);
  CHECK_ERRNO(syscall(SYS_tkill, 0x3fffffff, 0), ESRCH);
  // kill with a thread's id reaches its process, and then any thread may take the signal.
  CHECK_EQ(kill(tids[1], SIGUSR1), 0);
  CHECK(EVENTUALLY(taken == 41));
  siginfo_t info = {.si_code = SI_QUEUE};
  CHECK_EQ(syscall(SYS_rt_tgsigqueueinfo, getpid(), tids[2], SIGUSR1, &info), 0);
  CHECK(EVENTUALLY(taken == 42));
  CHECK_EQ(taken_by[41 % THREADS], tids[2]);
  done = true;
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  CHECK(EVENTUALLY(syscall(SYS_tgkill, getpid(), tids[0], 0) == -1 && errno == ESRCH));
}

static void *raise_stop(void *argument) {
  raise(SIGSTOP);
  _exit(7);
  return argument;
}

static void *spin(void *argument) {
  for (;;) ++*(volatile long *)argument;
  return 0;
}

// A stop stops every thread, and a continuation sets them all going.
static void check_stop(void) {
  long *count = shared_memory(PAGE);
  int status;
  pid_t child;
  IN_CHILD(child) {
    pthread_t one, two;
    pthread_create(&one, 0, spin, count);
    pthread_create(&two, 0, raise_stop, 0);
    for (;;) pause();
  }
  CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
  CHECK(WIFSTOPPED(status));
  long before = *(volatile long *)count;
  sleep_ms(20);
  CHECK_EQ(*(volatile long *)count, before);
  kill(child, SIGCONT);
  CHECK_EQ(ended(child), 7);
  munmap(count, PAGE);
}

int main(void) {
  limit_time();
  check_masks();
  check_tgkill();
  check_stop();
  return finish();
}
