// hostile-fuzz-processes: random calls of several processes and threads: all end when they are killed. man 2 syscalls, clone.
// not in CI's beds: emulation makes it slow
// only under hv
//
// hostile-fuzz-processes [SEED [SECONDS]]: a process's calls follow from SEED; the state they meet does not.
#include <linux/sched.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include "fuzz-descriptors.h"
#include "fuzz-memory.h"

#define WORKERS 4
#define ENOUGH_CALLS 1000
#define ROUND_NS 1000000000ll
#define STACKS 24u
#define STACK_BYTES 32768u

// Between two alarms of a process. Where a signal takes longer than that, no other work gets done: rounds with few calls raise it.
static long pace_us = 15000;
#define LONGEST_PACE_US 900000

static char stacks[STACKS][STACK_BYTES] __attribute__((aligned(16)));
static unsigned next_stack;

static void work(Source *s, int calls);

static void on_fault(int number, siginfo_t *info, void *context) {
  (void)context;
  char *at = info->si_addr;
  bool is_ours = number == SIGSEGV || number == SIGBUS;
  if (!is_ours || info->si_code <= 0) return;
  if (at < ARENA || at >= ARENA + ARENA_PAGES * PAGE_BYTES) _exit(100);
  at = (char *)((uintptr_t)at & ~(uintptr_t)(PAGE_BYTES - 1));
  mmap(at, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void live_on(Source *s) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
  struct itimerval often = {{0, pace_us}, {0, pace_us + below(s, 10000)}};
  sigset_t none;
  sigemptyset(&none);
  sigaction(SIGSEGV, &action, 0), sigaction(SIGBUS, &action, 0), sigaction(SIGALRM, &action, 0), sigaction(SIGPIPE, &action, 0);
  sigprocmask(SIG_SETMASK, &none, 0);
  setitimer(ITIMER_REAL, &often, 0);
}

static int begin_thread(void *seed) {
  Source s = {(uint64_t)(uintptr_t)seed};
  remember((pid_t)syscall(SYS_gettid));
  work(&s, 40);
  syscall(one_in(&s, 20) ? SYS_exit_group : SYS_exit, 0);
  return 0;
}

static void begin_process(Source *s, uint64_t seed) {
  Source child = {seed};
  s = &child;
  remember(getpid());
  live_on(s);
  work(s, 60);
  _exit(0);
}

static void multiply(Source *s) {
  uint64_t seed = next64(s);
  unsigned long flags;
  char *stack = stacks[__atomic_fetch_add(&next_stack, 1, __ATOMIC_RELAXED) % STACKS] + STACK_BYTES;
  switch (below(s, 4)) {
    case 0:
      if (syscall(SYS_clone, SIGCHLD | SOME(s, CLONE_FILES, CLONE_FS), 0, 0, 0, 0) == 0) begin_process(s, seed);
      break;
    case 1:
      flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
      clone(begin_thread, stack, (int)(flags | SOME(s, CLONE_FILES, CLONE_FS, CLONE_SYSVSEM)), (void *)(uintptr_t)seed);
      break;
    case 2:
      flags = SOME(s, CLONE_VM, CLONE_FILES, CLONE_FS, CLONE_SIGHAND, CLONE_THREAD, CLONE_VFORK, CLONE_PARENT, CLONE_SYSVSEM,
                   CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID, CLONE_PARENT_SETTID, CLONE_IO) | (unsigned long)PICK(s, 0, SIGCHLD, SIGUSR1, 70);
      clone(begin_thread, stack, (int)flags, (void *)(uintptr_t)seed, in_arena(s), 0, in_arena(s));
      break;
    default: {
      // Rare things: a pidfd, a chosen pid, garbage after the structure.
      uint64_t words[11] = {SOME(s, CLONE_PIDFD, CLONE_FILES, CLONE_CLEAR_SIGHAND, CLONE_INTO_CGROUP, CLONE_NEWUSER),
                            (uint64_t)in_arena(s), (uint64_t)in_arena(s), (uint64_t)in_arena(s), (uint64_t)PICK(s, SIGCHLD, 0, 99)};
      if (one_in(s, 3)) words[8] = (uint64_t)in_arena(s), words[9] = below(s, 3);
      if (syscall(SYS_clone3, words, PICK(s, 88, 64, 80, 3, 4096)) == 0) begin_process(s, seed);
    }
  }
}

static void replace(Source *s) {
  char seed[24], path[64];
  char *const again[] = {"worker", seed, 0};
  snprintf(seed, sizeof(seed), "%lu", (unsigned long)next64(s) >> 1);
  int fd = memfd_create("program", (unsigned)SOME(s, MFD_CLOEXEC));
  switch (below(s, 6)) {
    case 0: execv("/proc/self/exe", again); break;
    case 1: execv(some_path(s, path), again); break;
    case 2: {
      int self = open("/proc/self/exe", O_RDONLY);
      sendfile(fd, self, 0, 1 << 22);
      for (unsigned i = below(s, 6); i > 0; i--) pwrite(fd, &(char){(char)next64(s)}, 1, below(s, 400));
      syscall(SYS_execveat, fd, "", again, 0, AT_EMPTY_PATH);
      close(self);
      break;
    }
    case 3:
      write(fd, "#!/proc/self/exe x\n", below(s, 20));
      syscall(SYS_execveat, fd, "", again, 0, AT_EMPTY_PATH);
      break;
    case 4: execve("/proc/self/exe", in_arena(s), in_arena(s)); break;
    default: execve(in_arena(s), again, 0);
  }
  close(fd);
}

static void signal_some(Source *s) {
  int number = (int)PICK(s, 0, SIGSTOP, SIGCONT, SIGCONT, SIGTSTP, SIGUSR1, SIGALRM, SIGCHLD, SIGKILL, SIGTERM, SIGHUP, SIGTTOU, 34, 64, 65, -1);
  siginfo_t info = {.si_signo = number, .si_code = (int)PICK(s, SI_QUEUE, SI_TKILL, SI_USER, 1, -60)};
  pid_t pid = some_pid(s);
  // Fewer of these: a signal to everybody may end the round.
  if (pid <= 0 && one_in(s, 4)) return;
  switch (below(s, 8)) {
    case 0: case 1: kill(pid, number); break;
    case 2: syscall(SYS_tkill, pid, number); break;
    case 3: syscall(SYS_tgkill, some_pid(s), pid, number); break;
    case 4: syscall(SYS_rt_sigqueueinfo, pid, number, &info); break;
    case 5: syscall(SYS_rt_tgsigqueueinfo, some_pid(s), pid, number, &info); break;
    case 6: syscall(SYS_pidfd_send_signal, some_fd(s), number, one_in(s, 2) ? &info : 0, 0); break;
    default: kill(-getpgrp(), (int)PICK(s, SIGCONT, SIGSTOP, SIGUSR1));
  }
}

static void handle_some(Source *s) {
  static void (*const handlers[])(int, siginfo_t *, void *) = {on_fault, (void *)0, (void *)1};
  struct sigaction action = {.sa_sigaction = handlers[below(s, 3)],
                             .sa_flags = (int)SOME(s, SA_SIGINFO, SA_RESTART, SA_NODEFER, SA_ONSTACK, SA_RESETHAND, SA_NOCLDWAIT, SA_NOCLDSTOP)};
  stack_t stack = {a_page(s), (int)SOME(s, SS_DISABLE, 1u << 31), below(s, 20000)};
  sigset_t set;
  uint64_t bits = next64(s);
  struct timespec timeout = soon(s);
  memset(&set, 0, sizeof(set)), memcpy(&set, &bits, sizeof(bits));
  sigdelset(&set, SIGALRM);
  switch (below(s, 7)) {
    case 0: case 1: sigaction((int)PICK(s, SIGUSR1, SIGCHLD, SIGTERM, SIGHUP, SIGCONT, SIGTSTP, 34, 64), &action, 0); break;
    case 2: sigprocmask((int)below(s, 3), &set, 0); break;
    case 3: sigaltstack(&stack, 0); break;
    case 4: sigtimedwait(&set, 0, &timeout); break;
    case 5: sigsuspend(&set); break;
    default: live_on(s);
  }
}

static void wait_some(Source *s) {
  int status;
  siginfo_t info;
  if (one_in(s, 2)) wait4(one_in(s, 2) ? -1 : some_pid(s), &status, (int)SOME(s, WNOHANG, WUNTRACED, WCONTINUED, __WALL, __WNOTHREAD, __WCLONE), 0);
  else
    waitid((idtype_t)PICK(s, P_ALL, P_PID, P_PGID, 3), (id_t)(one_in(s, 3) ? some_fd(s) : some_pid(s)), &info,
           (int)SOME(s, WNOHANG, WEXITED, WSTOPPED, WCONTINUED, WNOWAIT, __WALL));
}

static void order_some(Source *s) {
  struct rlimit limit = {below(s, 100), RLIM_INFINITY};
  unsigned long mask = next64(s) | 1;
  switch (below(s, 12)) {
    case 0: setpgid(one_in(s, 2) ? 0 : some_pid(s), some_pid(s)); break;
    case 1: setsid(); break;
    case 2: prctl((int)PICK(s, PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_TIMERSLACK), below(s, 30)); break;
    case 3: prlimit(0, (enum __rlimit_resource)PICK(s, RLIMIT_NPROC, RLIMIT_FSIZE, RLIMIT_SIGPENDING, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE), &limit, 0); break;
    case 4: syscall(SYS_sched_setaffinity, some_pid(s), 8, &mask); break;
    case 5: setpriority(PRIO_PROCESS, (id_t)some_pid(s), (int)below(s, 20)); break;
    case 6: syscall(SYS_membarrier, PICK(s, 0, 1, 2, 4, 8, 16, 32, 64), 0, 0); break;
    case 7: unshare((int)PICK(s, CLONE_FILES, CLONE_FS, CLONE_SYSVSEM, CLONE_THREAD, CLONE_SIGHAND, CLONE_VM)); break;
    case 8: sched_yield(); break;
    case 9: syscall(SYS_pidfd_getfd, some_fd(s), some_fd(s), 0); break;
    case 10: syscall(SYS_kcmp, some_pid(s), some_pid(s), below(s, 9), some_fd(s), some_fd(s)); break;
    default: {
      struct sigevent event = {.sigev_notify = (int)PICK(s, SIGEV_SIGNAL, SIGEV_NONE, 4), .sigev_signo = 34};
      struct itimerspec often = {soon(s), soon(s)};
      int timer = 0;
      syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer);
      syscall(SYS_timer_settime, below(s, 4), 0, &often, 0);
      syscall(SYS_timer_delete, below(s, 6));
    }
  }
}

static void call_any(Source *s) {
  static const int skipped[] = {SYS_rt_sigreturn, SYS_exit_group, SYS_exit, SYS_clone, SYS_clone3, SYS_munmap, SYS_mremap, SYS_seccomp, ALSO_SKIPPED};
  int number = (int)below(s, 470);
  for (size_t i = 0; i < COUNT(skipped); i++)
    if (skipped[i] == number) return;
  // These leave objects behind, under names that nobody knows.
  if (number == SYS_msgget || number == SYS_semget || number == SYS_shmget || number == SYS_mq_open) return;
  // These might change the program's own memory.
  if (number == SYS_brk || number == SYS_mmap || number == SYS_mprotect || number == SYS_madvise || number == SYS_shmat) return;
  uint64_t words[6];
  for (int i = 0; i < 6; i++) words[i] = one_in(s, 2) ? (uint64_t)in_arena(s) : one_in(s, 2) ? (uint64_t)some_fd(s) : below(s, 200);
  raw_call(number, words);
}

static void work(Source *s, int calls) {
  static void (*const choices[])(Source *) = {
      map, change_map, change_map, touch, use_futex, use_futex, set_words, reach_over, use_system_v, open_some, open_some, make_some,
      make_some, make_some, shut_some, control_some, control_some, transfer_some, transfer_some, exchange_some, exchange_some,
      await_some, await_some, change_tree, multiply, multiply, signal_some, handle_some, wait_some, order_some, call_any,
  };
  for (; calls > 0; calls--) {
    if (one_in(s, 40)) replace(s);
    choices[below(s, COUNT(choices))](s);
    __atomic_fetch_add(&common->calls, 1, __ATOMIC_RELAXED);
  }
}

// The program that a worker executes: it has neither the arena nor the table until it makes its own.
static int be_worker(uint64_t seed) {
  Source s = {seed};
  common = shared_memory(sizeof(*common));
  for (unsigned i = 0; i < KNOWN_PIDS; i++) common->pids[i] = (pid_t)below(&s, 200) + 3;
  mmap(ARENA, ARENA_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // execve(2) keeps the timer.
  struct itimerval timer;
  if (getitimer(ITIMER_REAL, &timer) == 0 && timer.it_interval.tv_usec > pace_us) pace_us = timer.it_interval.tv_usec;
  live_on(&s);
  work(&s, 100);
  return 0;
}

static void start_worker(uint64_t seed) {
  pid_t pid = fork();
  if (pid != 0) return remember(pid);
  Source s = {seed};
  setpgid(0, 0);
  // What libc prints about a smashed stack is not for the user.
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < FIRST_FD; fd++) dup2(null, fd);
  // Only the first process is root's: it survives.
  if (setresgid(1000, 1000, 1000) != 0 || setresuid(1000, 1000, 1000) != 0) _exit(1);
  live_on(&s);
  work(&s, 1000000);
  _exit(0);
}

static void remove_objects(void) {
  for (key_t key = 1; key <= 4; key++) {
    shmctl(shmget(key, 0, 0), IPC_RMID, 0), semctl(semget(key, 0, 0), 0, IPC_RMID), msgctl(msgget(key, 0), IPC_RMID, 0);
  }
  mq_unlink("/q");
  if (unlink("/dev/shm/x") != 0) rmdir("/dev/shm/x");
}

static void empty(const char *directory) {
  char path[64];
  for (int i = 0; i < 6; i++) {
    snprintf(path, sizeof(path), "%s/f%d", directory, i);
    if (unlink(path) != 0) rmdir(path);
  }
}

// Every process that was started ends, wherever it is and whatever it waits for.
static void end_round(void) {
  long long until = now_ns() + 20000000000ll;
  for (;;) {
    kill(-1, SIGKILL);
    pid_t pid;
    while ((pid = waitpid(-1, 0, WNOHANG | __WALL)) > 0) continue;
    if (pid < 0 && errno == ECHILD && kill(-1, 0) < 0 && errno == ESRCH) return;
    if (now_ns() > until) break;
    sleep_ms(2);
  }
  fail(__FILE__, __LINE__, "all end when they are killed", 0, errno);
}

int main(int count, char **arguments) {
  // If a script or a broken header started it, it may have any arguments.
  if (count >= 2 && strcmp(arguments[0], "worker") == 0) return be_worker(strtoull(arguments[1], 0, 10));
  if (count == 0 || getuid() != 0) return 1;
  Source s = {count > 1 ? strtoull(arguments[1], 0, 10) : 1};
  long long seconds = count > 2 ? atoi(arguments[2]) : 3;
  REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  // A terminal's hang-ups and keys are for the other processes.
  for (int number = 1; number < 32; number++)
    if (number != SIGCHLD) signal(number, SIG_IGN);
  common = shared_memory(sizeof(*common));
  REQUIRE(mmap(ARENA, ARENA_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == ARENA);
  unsigned long made = 0;
  // An emulated machine needs longer for enough calls, and spends most of a short round on its beginning and its end.
  long long end = now_ns() + seconds * 1000000000ll, last = end + 40000000000ll, round_ns = ROUND_NS;
  while ((now_ns() < end || (made <= ENOUGH_CALLS && now_ns() < last)) && !failures) {
    common->calls = 0;
    for (int i = 0; i < WORKERS; i++) start_worker(next64(&s));
    for (long long until = now_ns() + round_ns; now_ns() < until;) {
      sleep_ms(20);
      kill(-1, SIGCONT);
      bool one_ended = false;
      while (waitpid(-1, 0, WNOHANG | __WALL) > 0) one_ended = true;
      if (one_ended) start_worker(next64(&s));
    }
    end_round();
    remove_objects();
    empty("/tmp"), empty("/dev/shm");
    made += common->calls;
    if (common->calls >= ENOUGH_CALLS / 8) continue;
    round_ns *= 2;
    if (pace_us * 4 < LONGEST_PACE_US) pace_us *= 4;
  }
  if (getenv("FUZZ_VERBOSE")) dprintf(2, "%lu calls\n", made);
  // If it needed all the time there is, the machine is emulated.
  CHECK(made > (now_ns() < last ? ENOUGH_CALLS : ENOUGH_CALLS / 2));
  // And the system works as before.
  CHECK_IN_CHILD CHECK(getpid() > 1);
  return finish();
}
