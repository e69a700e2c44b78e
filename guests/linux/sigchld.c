// sigchld: what SIGCHLD says about a child's stop, continuation and end; SA_NOCLDSTOP, SA_NOCLDWAIT; usage of children. man 2 sigaction.
// not in CI's beds: emulation makes it slow
#include <sys/resource.h>
#include <sys/times.h>

#include "processes.h"

static volatile int count;
static siginfo_t last;

static void note(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  last = *info;
  count++;
}

static void listen_to_children(int flags) {
  struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART | flags};
  REQUIRE(sigaction(SIGCHLD, &action, 0) == 0);
  count = 0;
}

static void check_told(int line, int code, pid_t pid, int status) {
  if (!EVENTUALLY(count == 1)) fail(__FILE__, line, "one SIGCHLD", count, 0);
  if (last.si_signo != SIGCHLD || last.si_pid != pid || last.si_uid != getuid())
    fail(__FILE__, line, "SIGCHLD names the child", last.si_pid, 0);
  if (last.si_code != code) fail(__FILE__, line, "SIGCHLD's code", last.si_code, 0);
  if (last.si_status != status) fail(__FILE__, line, "SIGCHLD's status", last.si_status, 0);
  count = 0;
}
#define CHECK_TOLD(code, pid, status) check_told(__LINE__, code, pid, status)

static void check_codes(void) {
  listen_to_children(0);
  pid_t child = CHILD(_exit(0x107));
  CHECK_TOLD(CLD_EXITED, child, 7);
  CHECK_EQ(ended(child), 7);
  child = CHILD(for (;;) pause());
  kill(child, SIGSTOP);
  CHECK_TOLD(CLD_STOPPED, child, SIGSTOP);
  kill(child, SIGCONT);
  CHECK_TOLD(CLD_CONTINUED, child, SIGCONT);
  kill(child, SIGTERM);
  CHECK_TOLD(CLD_KILLED, child, SIGTERM);
  CHECK_EQ(ended(child), 128 + SIGTERM);
  // A signal that dumps core, where no core may be written: CLD_KILLED all the same.
  child = CHILD((setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}), abort()));
  CHECK_TOLD(CLD_KILLED, child, SIGABRT);
  CHECK_EQ(ended(child), 128 + SIGABRT);
}

static void check_no_stops(void) {
  listen_to_children(SA_NOCLDSTOP);
  int status;
  pid_t child = CHILD(for (;;) pause());
  kill(child, SIGSTOP);
  CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
  kill(child, SIGCONT);
  CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
  CHECK_EQ(count, 0);
  kill(child, SIGKILL);
  CHECK_TOLD(CLD_KILLED, child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
}

// With SA_NOCLDWAIT, or SIGCHLD ignored, an end leaves nothing to wait for; a wait lasts until all children have ended.
static void check_no_zombies(void) {
  listen_to_children(SA_NOCLDWAIT);
  struct gate gate = new_gate();
  pid_t child = CHILD(pass_gate(gate));
  open_gate(gate);
  CHECK_ERRNO(waitpid(child, 0, 0), ECHILD);
  CHECK_EQ(count, 1);
  signal(SIGCHLD, SIG_IGN);
  for (int i = 0; i < 3; i++) child = CHILD(pass_gate(gate));
  for (int i = 0; i < 3; i++) open_gate(gate);
  CHECK_ERRNO(waitpid(-1, 0, 0), ECHILD);
  CHECK_ERRNO(kill(child, 0), ESRCH);
  // A child that ended before SIGCHLD was ignored is still there.
  signal(SIGCHLD, SIG_DFL);
  siginfo_t info;
  child = CHILD(_exit(8));
  CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
  signal(SIGCHLD, SIG_IGN);
  CHECK_EQ(ended(child), 8);
  signal(SIGCHLD, SIG_DFL);
  remove_gate(gate);
}

// While blocked, SIGCHLD is pending once, however many children end: a standard signal does not queue.
static void check_blocked(void) {
  sigset_t set;
  siginfo_t info;
  pid_t children[5];
  sigemptyset(&set), sigaddset(&set, SIGCHLD), sigprocmask(SIG_BLOCK, &set, 0);
  listen_to_children(0);
  for (int i = 0; i < 5; i++) children[i] = CHILD(_exit(i));
  for (int i = 0; i < 5; i++) CHECK_EQ(waitid(P_PID, children[i], &info, WEXITED | WNOWAIT), 0);
  CHECK_EQ(sigwaitinfo(&set, &info), SIGCHLD);
  CHECK_EQ(info.si_code, CLD_EXITED);
  CHECK(info.si_pid >= 0 && info.si_status >= 0 && info.si_status < 5);
  CHECK_ERRNO(sigtimedwait(&set, &info, &(struct timespec){0, 0}), EAGAIN);
  for (int i = 0; i < 5; i++) CHECK_EQ(ended(children[i]), i);
  sigprocmask(SIG_UNBLOCK, &set, 0);
  CHECK_EQ(count, 0);
}

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec / 1e6; }

static void burn(double wanted) {
  struct rusage usage;
  do getrusage(RUSAGE_SELF, &usage);
  while (seconds(usage.ru_utime) + seconds(usage.ru_stime) < wanted);
}

// Children's usage counts once they have been waited for, together with their own children's.
static void check_usage(void) {
  struct rusage before, after, one;
  struct tms cpu;
  getrusage(RUSAGE_CHILDREN, &before);
  struct gate gate = new_gate();
  pid_t child;
  IN_CHILD(child) {
    volatile char *memory = malloc(8 << 20);
    for (size_t i = 0; i < 8 << 20; i += 1024) memory[i] = 1;
    CHECK_EQ(ended(CHILD(burn(0.1))), 0);
    burn(0.1);
    open_gate(gate);
  }
  pass_gate(gate);
  getrusage(RUSAGE_CHILDREN, &after);
  CHECK(seconds(after.ru_utime) == seconds(before.ru_utime));
  CHECK_EQ(wait4(child, 0, 0, &one), child);
  double used = seconds(one.ru_utime) + seconds(one.ru_stime);
  CHECK(used >= 0.19 && used < 2);
  CHECK(one.ru_maxrss >= 8 << 10);
  getrusage(RUSAGE_CHILDREN, &after);
  double more = seconds(after.ru_utime) + seconds(after.ru_stime) - seconds(before.ru_utime) - seconds(before.ru_stime);
  CHECK(more >= 0.19 && more < 2);
  CHECK(times(&cpu) != -1 && cpu.tms_cutime + cpu.tms_cstime >= sysconf(_SC_CLK_TCK) * 19 / 100 - 2);
  siginfo_t info;
  child = CHILD(burn(0.05));
  CHECK_EQ(syscall(SYS_waitid, P_PID, child, &info, WEXITED, &one), 0);
  CHECK(seconds(one.ru_utime) + seconds(one.ru_stime) >= 0.05);
  CHECK_ERRNO(getrusage(5, &one), EINVAL);
  remove_gate(gate);
}

int main(void) {
  limit_time();
  check_codes();
  check_no_stops();
  check_no_zombies();
  check_blocked();
  check_usage();
  return finish();
}
