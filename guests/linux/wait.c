// wait: wait4 and waitid, which children they wait for, what they report, when they do not wait. man 2 wait, wait4.
#include <sched.h>
#include <sys/resource.h>

#include "processes.h"

static void check_statuses(void) {
  int status;
  pid_t child = CHILD(_exit(0x1234));
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0x3400);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0x34 && !WIFSIGNALED(status) && !WIFSTOPPED(status));
  static const int signals[] = {SIGKILL, SIGTERM, SIGPIPE, SIGUSR1, SIGHUP, SIGALRM, 40, 64};
  for (size_t i = 0; i < COUNT(signals); i++) {
    child = CHILD(pause());
    CHECK_EQ(kill(child, signals[i]), 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, signals[i]);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signals[i] && !WCOREDUMP(status));
  }
  // Without room for a core file, the signals that leave one leave none.
  CHECK_EQ(ended(CHILD((setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}), abort()))), 128 + SIGABRT);
  CHECK_EQ(ended(CHILD(raise(SIGSTKFLT))), 128 + SIGSTKFLT);
  // SIGCHLD, SIGURG, SIGWINCH and SIGCONT end no process.
  CHECK_EQ(ended(CHILD((raise(SIGCHLD), raise(SIGURG), raise(SIGWINCH), raise(SIGCONT), _exit(3)))), 3);
  CHECK_EQ(waitpid(CHILD(_exit(0)), 0, 0) > 0, 1);
}

static void check_info(siginfo_t *info, pid_t pid, int code, int status) {
  CHECK_EQ(info->si_signo, SIGCHLD);
  CHECK_EQ(info->si_code, code);
  CHECK_EQ(info->si_pid, pid);
  CHECK_EQ(info->si_uid, getuid());
  CHECK_EQ(info->si_status, status);
}

static void check_stops(void) {
  siginfo_t info;
  int status;
  pid_t child = CHILD(for (;;) pause());
  // In a group of its own: this one may be orphaned, and there only SIGSTOP stops (POSIX, Signal Actions).
  CHECK_EQ(setpgid(child, child), 0);
  CHECK_EQ(waitpid(child, &status, WNOHANG | WUNTRACED | WCONTINUED), 0);
  kill(child, SIGSTOP);
  CHECK_EQ(waitid(P_PID, child, &info, WSTOPPED | WNOWAIT), 0);
  check_info(&info, child, CLD_STOPPED, SIGSTOP);
  CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
  CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
  CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP && !WIFEXITED(status) && !WIFCONTINUED(status));
  // Reported once.
  CHECK_EQ(waitpid(child, &status, WUNTRACED | WNOHANG), 0);
  kill(child, SIGCONT);
  CHECK_EQ(waitid(P_PID, child, &info, WCONTINUED | WNOWAIT), 0);
  check_info(&info, child, CLD_CONTINUED, SIGCONT);
  CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
  CHECK_EQ(status, 0xffff);
  CHECK(WIFCONTINUED(status) && !WIFSTOPPED(status));
  CHECK_EQ(waitpid(child, &status, WCONTINUED | WNOHANG), 0);
  kill(child, SIGTSTP);
  CHECK_EQ(waitid(P_PID, child, &info, WSTOPPED), 0);
  check_info(&info, child, CLD_STOPPED, SIGTSTP);
  // SIGKILL ends a stopped child; SIGTERM waits until it goes on.
  kill(child, SIGTERM);
  sleep_ms(10);
  CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOHANG), 0);
  CHECK_EQ(info.si_pid, 0);
  CHECK_EQ(info.si_signo, 0);
  kill(child, SIGKILL);
  CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
  check_info(&info, child, CLD_KILLED, SIGKILL);
  CHECK_EQ(waitid(P_PID, child, &info, WEXITED), 0);
  CHECK_ERRNO(waitid(P_PID, child, &info, WEXITED), ECHILD);
}

static void check_whom(void) {
  siginfo_t info;
  int status;
  struct gate gate = new_gate();
  pid_t here = CHILD(_exit(1)), leader = CHILD((setpgid(0, 0), open_gate(gate), _exit(2)));
  pass_gate(gate);
  pid_t member = CHILD((setpgid(0, leader), _exit(3)));
  CHECK_EQ(waitid(P_PID, member, &info, WEXITED | WNOWAIT), 0);
  CHECK_ERRNO(waitid(P_PGID, 0x3fffffff, &info, WEXITED), ECHILD);
  CHECK_ERRNO(waitpid(-0x3fffffff, &status, 0), ECHILD);
  CHECK_EQ(waitpid(0, &status, 0), here);
  CHECK_ERRNO(waitpid(0, &status, 0), ECHILD);
  pid_t first = waitpid(-leader, &status, 0);
  CHECK(first == leader || first == member);
  CHECK_EQ(WEXITSTATUS(status), first == leader ? 2 : 3);
  CHECK_EQ(waitid(P_PGID, leader, &info, WEXITED), 0);
  check_info(&info, leader + member - first, CLD_EXITED, first == leader ? 3 : 2);

  here = CHILD(_exit(4));
  CHECK_EQ(waitid(P_PGID, 0, &info, WEXITED), 0);
  check_info(&info, here, CLD_EXITED, 4);
  here = CHILD(_exit(255));
  CHECK_EQ(waitid(P_ALL, 12345, &info, WEXITED), 0);
  check_info(&info, here, CLD_EXITED, 255);
  CHECK_ERRNO(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
  CHECK_ERRNO(waitpid(-1, &status, WNOHANG), ECHILD);
  CHECK_ERRNO(waitpid(getpid(), &status, 0), ECHILD);
  CHECK_ERRNO(waitpid(getppid(), &status, 0), ECHILD);
  remove_gate(gate);
}

// A child whose end raises no SIGCHLD is a "clone" child: __WCLONE waits only for those, __WALL for all.
static int exit_5(void *nothing) {
  (void)nothing;
  return 5;
}

static void check_clone_children(void) {
  static char stack[65536] __attribute__((aligned(16)));
  int status;
  pid_t child = clone(exit_5, stack + sizeof(stack), 0, 0);
  CHECK(child > 0);
  CHECK_ERRNO(waitpid(child, &status, 0), ECHILD);
  CHECK_EQ(waitpid(child, &status, __WCLONE), child);
  CHECK_EQ(WEXITSTATUS(status), 5);
  signal(SIGUSR2, SIG_IGN);
  child = clone(exit_5, stack + sizeof(stack), SIGUSR2, 0);
  CHECK_EQ(waitpid(-1, &status, __WALL), child);
  child = CHILD(_exit(6));
  CHECK_ERRNO(waitpid(child, &status, __WCLONE), ECHILD);
  CHECK_EQ(waitpid(child, &status, __WALL | __WNOTHREAD), child);
  signal(SIGUSR2, SIG_DFL);
}

static void check_errors(void) {
  siginfo_t info;
  int status;
  pid_t child = CHILD(_exit(0));
  CHECK_ERRNO(waitid(P_PID, child, &info, 0), EINVAL);
  CHECK_ERRNO(waitid(P_PID, child, &info, WNOHANG), EINVAL);
  CHECK_ERRNO(waitid(P_PID, child, &info, WEXITED | 0x100), EINVAL);
  CHECK_ERRNO(waitid(9, child, &info, WEXITED), EINVAL);
  CHECK_ERRNO(waitid(P_PID, 0, &info, WEXITED), EINVAL);
  CHECK_ERRNO(waitid(P_PID, (id_t)-5, &info, WEXITED), EINVAL);
  CHECK_ERRNO(waitid(P_PGID, (id_t)-5, &info, WEXITED), EINVAL);
  CHECK_ERRNO(syscall(SYS_wait4, child, &status, 0x100, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_wait4, INT32_MIN, &status, 0, 0), ESRCH);
  // The child is reaped before the copy faults.
  CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
  CHECK_ERRNO(syscall(SYS_wait4, child, (void *)8, 0, 0), EFAULT);
  CHECK_ERRNO(waitpid(child, &status, 0), ECHILD);
  child = CHILD(_exit(0));
  CHECK_ERRNO(syscall(SYS_waitid, P_PID, child, (void *)8, WEXITED, 0), EFAULT);
  CHECK_ERRNO(waitpid(child, &status, 0), ECHILD);
  // Without a place for it, nothing is stored: the child is only reaped.
  child = CHILD(_exit(0));
  CHECK_EQ(syscall(SYS_waitid, P_PID, child, 0, WEXITED, 0), 0);
}

static void nothing(int number) { (void)number; }

static void check_interruption(void) {
  struct sigaction action = {.sa_handler = nothing};
  pid_t child = CHILD(pause()), parent = getpid();
  sigaction(SIGUSR1, &action, 0);
  // Again and again: the first signal may come before the wait.
  pid_t alarmer = CHILD(for (;;) (sleep_ms(20), kill(parent, SIGUSR1)));
  CHECK_ERRNO(waitpid(child, 0, 0), EINTR);
  siginfo_t info;
  CHECK_ERRNO(waitid(P_PID, child, &info, WEXITED), EINTR);
  kill(alarmer, SIGKILL), kill(child, SIGKILL);
  CHECK_EQ(ended(alarmer), 128 + SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
}

// A child that has ended counts before the SIGCHLD of its end.
static void check_end_before_signal(void) {
  struct sigaction action = {.sa_handler = nothing}, before;
  siginfo_t info;
  sigaction(SIGCHLD, &action, &before);
  for (int i = 0; i < 10; i++) {
    pid_t child = CHILD(sleep_ms(5));
    CHECK_EQ(waitpid(child, 0, 0), child);
    child = CHILD(sleep_ms(5));
    CHECK_EQ(waitid(P_PID, child, &info, WEXITED), 0);
  }
  sigaction(SIGCHLD, &before, 0);
}

// A zombie has nothing but its end to report.
static void check_zombies(void) {
  siginfo_t info;
  pid_t child = CHILD(_exit(0));
  CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
  static const int options[] = {WSTOPPED, WCONTINUED, WSTOPPED | WCONTINUED, WSTOPPED | WNOHANG};
  for (size_t i = 0; i < COUNT(options); i++) {
    CHECK_ERRNO(waitid(P_ALL, 0, &info, options[i]), ECHILD);
    CHECK_ERRNO(waitid(P_PID, child, &info, options[i]), ECHILD);
  }
  CHECK_EQ(ended(child), 0);
  // One that ends meanwhile.
  child = CHILD(sleep_ms(20));
  CHECK_ERRNO(waitid(P_ALL, 0, &info, WSTOPPED), ECHILD);
  CHECK_EQ(ended(child), 0);
}

int main(void) {
  limit_time();
  check_statuses();
  check_stops();
  check_whom();
  check_clone_children();
  check_errors();
  check_interruption();
  check_end_before_signal();
  check_zombies();
  return finish();
}
