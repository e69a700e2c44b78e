// sigaction: handlers, masks, pending signals, flags, siginfo of kill and raise. man 2 sigaction, sigprocmask, sigsuspend.
#include "check.h"

static volatile int count, depth, deepest, order[8];
static siginfo_t last;
static sigset_t mask_inside;

static void note(int number) {
  order[count++ & 7] = number;
  sigprocmask(SIG_BLOCK, 0, &mask_inside);
}

static void note_info(int number, siginfo_t *info, void *context) {
  (void)context;
  last = *info;
  note(number);
}

static void again(int number) {
  deepest = ++depth > deepest ? depth : deepest;
  if (count++ < 2) raise(number);
  depth--;
}

static void install(int number, void (*handler)(int), int flags, int masked) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  if (masked) sigaddset(&action.sa_mask, masked);
  REQUIRE(sigaction(number, &action, 0) == 0);
}

static void check_delivery(void) {
  struct sigaction old;
  install(SIGUSR1, note, 0, SIGUSR2);
  count = 0;
  CHECK_EQ(raise(SIGUSR1), 0);
  CHECK_EQ(count, 1);
  CHECK(sigismember(&mask_inside, SIGUSR1) && sigismember(&mask_inside, SIGUSR2));
  sigprocmask(SIG_BLOCK, 0, &mask_inside);
  CHECK(!sigismember(&mask_inside, SIGUSR1) && !sigismember(&mask_inside, SIGUSR2));
  CHECK_EQ(sigaction(SIGUSR1, 0, &old), 0);
  CHECK(old.sa_handler == note && sigismember(&old.sa_mask, SIGUSR2));

  struct sigaction action = {.sa_sigaction = note_info, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGUSR1, &action, 0) == 0);
  CHECK_EQ(kill(getpid(), SIGUSR1), 0);
  CHECK_EQ(count, 2);
  CHECK_EQ(last.si_signo, SIGUSR1);
  CHECK_EQ(last.si_code, SI_USER);
  CHECK_EQ(last.si_pid, getpid());
  CHECK_EQ(last.si_uid, getuid());
  CHECK_EQ(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1), 0);
  CHECK_EQ(count, 3);
  CHECK_EQ(last.si_code, SI_TKILL);
  CHECK_EQ(syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1), 0);
  CHECK_EQ(count, 4);
}

static void check_pending(void) {
  sigset_t set, pending, empty;
  sigemptyset(&empty), sigemptyset(&set);
  sigaddset(&set, SIGUSR1), sigaddset(&set, SIGUSR2);
  install(SIGUSR1, note, 0, 0);
  install(SIGUSR2, note, 0, 0);
  CHECK_EQ(sigprocmask(SIG_BLOCK, &set, 0), 0);
  count = 0;
  // Standard signals do not queue.
  raise(SIGUSR2), raise(SIGUSR1), raise(SIGUSR1), raise(SIGUSR1);
  CHECK_EQ(count, 0);
  CHECK_EQ(sigpending(&pending), 0);
  CHECK(sigismember(&pending, SIGUSR1) && sigismember(&pending, SIGUSR2) && !sigismember(&pending, SIGTERM));
  CHECK_ERRNO(sigsuspend(&empty), EINTR);
  CHECK_EQ(count, 2);
  // The lower number gets its frame first, so its handler runs last.
  CHECK(order[0] == SIGUSR2 && order[1] == SIGUSR1);
  CHECK_EQ(sigprocmask(SIG_BLOCK, 0, &pending), 0);
  CHECK(sigismember(&pending, SIGUSR1));
  CHECK_EQ(sigprocmask(SIG_UNBLOCK, &set, 0), 0);
  CHECK_EQ(count, 2);

  // Ignoring a pending signal forgets it.
  sigprocmask(SIG_BLOCK, &set, 0);
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_IGN);
  sigpending(&pending);
  CHECK(!sigismember(&pending, SIGUSR1));
  install(SIGUSR1, note, 0, 0);
  sigprocmask(SIG_UNBLOCK, &set, 0);
  CHECK_EQ(count, 2);
}

static void check_flags(void) {
  struct sigaction now;
  install(SIGUSR1, note, SA_RESETHAND, 0);
  count = 0;
  raise(SIGUSR1);
  CHECK_EQ(sigaction(SIGUSR1, 0, &now), 0);
  CHECK(count == 1 && now.sa_handler == SIG_DFL);

  install(SIGUSR1, again, SA_NODEFER, 0);
  count = deepest = 0;
  raise(SIGUSR1);
  CHECK_EQ(deepest, 3);
  install(SIGUSR1, again, 0, 0);
  count = deepest = 0;
  raise(SIGUSR1);
  CHECK_EQ(deepest, 1);
  CHECK_EQ(count, 3);
}

static void check_errors(void) {
  sigset_t set;
  struct sigaction action = {.sa_handler = note};
  CHECK_ERRNO(sigaction(SIGKILL, &action, 0), EINVAL);
  CHECK_ERRNO(sigaction(SIGSTOP, &action, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_rt_sigaction, 0, 0, 0, 8), EINVAL);
  CHECK_ERRNO(syscall(SYS_rt_sigaction, 65, 0, 0, 8), EINVAL);
  CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, 0, 0, 4), EINVAL);
  CHECK_ERRNO(syscall(SYS_rt_sigprocmask, 77, &set, 0, 8), EINVAL);
  CHECK_ERRNO(kill(getpid(), 65), EINVAL);
  CHECK_ERRNO(kill(0x3fffffff, 0), ESRCH);
  CHECK_EQ(kill(getpid(), 0), 0);
  CHECK_ERRNO(syscall(SYS_tgkill, getpid(), -1, SIGUSR1), EINVAL);
  CHECK_ERRNO(syscall(SYS_tgkill, getpid(), 0x3fffffff, SIGUSR1), ESRCH);
  // SIGKILL and SIGSTOP cannot be blocked.
  sigfillset(&set);
  CHECK_EQ(sigprocmask(SIG_SETMASK, &set, 0), 0);
  sigprocmask(SIG_BLOCK, 0, &set);
  CHECK(!sigismember(&set, SIGKILL) && !sigismember(&set, SIGSTOP) && sigismember(&set, SIGTERM));
  sigemptyset(&set);
  CHECK_EQ(sigprocmask(SIG_SETMASK, &set, 0), 0);
}

// By default these do nothing; SIGCONT does nothing to a running program.
static void check_ignored_by_default(void) {
  static const int numbers[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
  for (size_t i = 0; i < COUNT(numbers); i++) {
    struct sigaction now;
    CHECK_EQ(raise(numbers[i]), 0);
    CHECK_EQ(sigaction(numbers[i], 0, &now), 0);
    CHECK(now.sa_handler == SIG_DFL);
  }
}

int main(void) {
  check_delivery();
  check_pending();
  check_flags();
  check_errors();
  check_ignored_by_default();
  return finish();
}
