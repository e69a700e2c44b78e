// clone-errors: what clone and clone3 refuse, exit signals, and clone3 with a stack. man 2 clone.
// not in CI's beds: emulation makes it slow
#include <linux/sched.h>
#include <sched.h>
#include <sys/resource.h>

#include "processes.h"

static char stack[65536] __attribute__((aligned(16)));

static int exit_9(void *unused) {
  (void)unused;
  return 9;
}

// The order of the arguments depends on the architecture; the first two of them are the same everywhere.
static long raw_clone(unsigned long flags) { return syscall(SYS_clone, flags, 0, 0, 0, 0); }

static long try3(struct clone_args args) {
  long pid = syscall(SYS_clone3, &args, sizeof(args));
  if (pid == 0) _exit(0);
  return pid;
}

static void check_refused_flags(void) {
  static const unsigned long refused[] = {
      CLONE_SIGHAND,
      CLONE_THREAD,
      CLONE_THREAD | CLONE_SIGHAND,
      CLONE_THREAD | CLONE_VM,
      CLONE_FS | CLONE_NEWNS,
      CLONE_FS | CLONE_NEWUSER,
      CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWUSER,
      CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWPID,
      CLONE_PARENT_SETTID | CLONE_PIDFD,
      CLONE_DETACHED | CLONE_PIDFD,
  };
  for (size_t i = 0; i < COUNT(refused); i++) {
    long pid = raw_clone(refused[i] | SIGCHLD);
    if (pid == 0) _exit(1);
    if (pid != -1 || errno != EINVAL) fail(__FILE__, __LINE__, "clone is EINVAL", (long long)refused[i], errno);
  }
  static const uint64_t refused3[] = {
      CLONE_SIGHAND,
      CLONE_THREAD,
      CLONE_THREAD | CLONE_SIGHAND,
      CLONE_THREAD | CLONE_VM,
      CLONE_FS | CLONE_NEWNS,
      CLONE_DETACHED,
      SIGCHLD,
      1ull << 40,
      1ull << 63,
      CLONE_VM | CLONE_SIGHAND | CLONE_CLEAR_SIGHAND,
      CLONE_DETACHED | CLONE_PIDFD,
  };
  for (size_t i = 0; i < COUNT(refused3); i++) {
    long pid = try3((struct clone_args){.flags = refused3[i]});
    if (pid != -1 || errno != EINVAL) fail(__FILE__, __LINE__, "clone3 is EINVAL", (long long)refused3[i], errno);
  }
  // Threads and siblings have no exit signal of their own.
  CHECK_ERRNO(try3((struct clone_args){.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD}), EINVAL);
  CHECK_ERRNO(try3((struct clone_args){.flags = CLONE_PARENT, .exit_signal = SIGCHLD}), EINVAL);
}

static void check_sizes(void) {
  struct {
    struct clone_args args;
    uint64_t more[600];
  } big = {.args = {.exit_signal = SIGCHLD}};
  CHECK_ERRNO(syscall(SYS_clone3, &big, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_clone3, &big, CLONE_ARGS_SIZE_VER0 - 1), EINVAL);
  CHECK_ERRNO(syscall(SYS_clone3, &big, PAGE + 1), E2BIG);
  CHECK_ERRNO(syscall(SYS_clone3, (void *)8, sizeof(big.args)), EFAULT);
  for (BAD_POINTER(p)) CHECK_ERRNO(syscall(SYS_clone3, *p, sizeof(big.args)), EFAULT);
  CHECK_ERRNO(syscall(SYS_clone3, at_page_end(sizeof(big.args), 1), sizeof(big.args)), EFAULT);
  big.more[599] = 1;
  CHECK_ERRNO(syscall(SYS_clone3, &big, sizeof(big) > PAGE ? PAGE + 1 : sizeof(big)), E2BIG);
  big.more[2] = 1;
  CHECK_ERRNO(syscall(SYS_clone3, &big, sizeof(big.args) + 64), E2BIG);
  big.more[2] = 0;
  // Unknown fields may be there if they are zero; missing fields are zero.
  static const size_t sizes[] = {CLONE_ARGS_SIZE_VER0, CLONE_ARGS_SIZE_VER1, CLONE_ARGS_SIZE_VER2, CLONE_ARGS_SIZE_VER2 + 512};
  for (size_t i = 0; i < COUNT(sizes); i++) {
    long pid = syscall(SYS_clone3, &big, sizes[i]);
    if (pid == 0) _exit(0);
    CHECK_EQ(ended((pid_t)pid), 0);
  }
}

static void check_values(void) {
  CHECK_ERRNO(try3((struct clone_args){.exit_signal = 65}), EINVAL);
  CHECK_ERRNO(try3((struct clone_args){.exit_signal = 0x111}), EINVAL);
  CHECK_ERRNO(try3((struct clone_args){.exit_signal = SIGCHLD, .stack = (uintptr_t)stack}), EINVAL);
  CHECK_ERRNO(try3((struct clone_args){.exit_signal = SIGCHLD, .stack_size = 4096}), EINVAL);
  CHECK_ERRNO(try3((struct clone_args){.exit_signal = SIGCHLD, .stack = KERNEL_START, .stack_size = 4096}), EINVAL);
  CHECK_ERRNO(try3((struct clone_args){.exit_signal = SIGCHLD, .set_tid_size = 1}), EINVAL);
  CHECK_ERRNO(try3((struct clone_args){.exit_signal = SIGCHLD, .set_tid = (uintptr_t)stack}), EINVAL);
  CHECK_ERRNO(try3((struct clone_args){.exit_signal = SIGCHLD, .set_tid = (uintptr_t)stack, .set_tid_size = 33}), EINVAL);
}

static volatile int caught;
static void catch(int number) { caught = number; }

// The parent gets the signal that it asked for; 0 means none.
static void check_exit_signals(void) {
  static const int signals[] = {SIGUSR1, SIGWINCH, 40, 0};
  for (size_t i = 0; i < COUNT(signals); i++) {
    caught = 0;
    signal(signals[i], catch), signal(SIGCHLD, catch);
    pid_t child = clone(exit_9, stack + sizeof(stack), signals[i], 0);
    CHECK_EQ(ended(child), 9);
    CHECK_EQ(caught, signals[i]);
  }
  signal(SIGCHLD, SIG_DFL);
}

static volatile int ran;
static int run(void *argument) {
  ran = *(int *)argument;
  return 17;
}

static void check_stack(void) {
  int number = 123;
  volatile int cleared = 5;
  struct clone_args args = {.flags = CLONE_VM | CLONE_CHILD_CLEARTID, .exit_signal = SIGCHLD, .child_tid = (uintptr_t)&cleared,
                            .stack = (uintptr_t)stack, .stack_size = sizeof(stack)};
  pid_t child = (pid_t)clone3_call(&args, sizeof(args), run, &number);
  CHECK(child > 0);
  CHECK_EQ(ended(child), 17);
  CHECK_EQ(ran, 123);
  CHECK_EQ(cleared, 0);

  // A thread: in the same process; the only way to wait for it is the word that its end clears.
  number = 456, cleared = 5;
  args.flags |= CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  args.exit_signal = 0;
  pid_t thread = (pid_t)clone3_call(&args, sizeof(args), run, &number);
  CHECK(thread > 0 && thread != getpid());
  CHECK(EVENTUALLY(cleared == 0));
  CHECK_EQ(ran, 456);
  CHECK_ERRNO(waitpid(thread, 0, __WALL), ECHILD);
  CHECK(EVENTUALLY(syscall(SYS_tgkill, getpid(), thread, 0) == -1 && errno == ESRCH));
}

// clone takes any number as the exit signal: one that is none, or that finds no room, is not sent, and the child still becomes a zombie.
static void check_strange_exit_signals(void) {
  const unsigned long numbers[] = {(unsigned long)SIGRTMAX, (unsigned long)SIGRTMAX + 1, CSIGNAL};
  sigset_t set;
  CHECK_IN_CHILD {
    sigfillset(&set);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, 0), 0);
    CHECK_EQ(setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){0, 0}), 0);
    for (size_t i = 0; i < 2 * COUNT(numbers); i++) {
      long pid = raw_clone(numbers[i / 2]);
      if (pid == 0) {
        // By now the parent waits.
        sleep_ms(5);
        if (i % 2) kill(getpid(), SIGKILL);
        _exit(7);
      }
      CHECK_EQ(ended((pid_t)pid), i % 2 ? 128 + SIGKILL : 7);
    }
    CHECK(sigpending(&set) == 0 && !sigismember(&set, SIGRTMAX));
  }
}

int main(void) {
  limit_time();
  check_refused_flags();
  check_sizes();
  check_values();
  check_exit_signals();
  check_stack();
  check_strange_exit_signals();
  return finish();
}
