// sigwait: taking blocked signals, queued real-time signals and their values. man 2 sigtimedwait, man 2 rt_sigqueueinfo.
#include <sys/time.h>
#include <time.h>

#include "check.h"

static int order[8], values[8], count;

static void note(int number, siginfo_t *info, void *context) {
  (void)context;
  order[count & 7] = number;
  values[count++ & 7] = info->si_value.sival_int;
}

static void queue(int number, int value) {
  CHECK_EQ(sigqueue(getpid(), number, (union sigval){.sival_int = value}), 0);
}

static void check_waiting(void) {
  sigset_t set, empty;
  siginfo_t info;
  struct timespec zero = {0, 0}, short_wait = {0, 30000000};
  int number;
  sigemptyset(&set), sigemptyset(&empty);
  sigaddset(&set, SIGUSR1), sigaddset(&set, SIGALRM), sigaddset(&set, SIGRTMIN);
  REQUIRE(sigprocmask(SIG_BLOCK, &set, 0) == 0);
  CHECK_ERRNO(sigtimedwait(&set, &info, &zero), EAGAIN);
  CHECK_ERRNO(sigtimedwait(&set, &info, &short_wait), EAGAIN);
  kill(getpid(), SIGUSR1);
  CHECK_EQ(sigtimedwait(&set, &info, &zero), SIGUSR1);
  CHECK(info.si_code == SI_USER && info.si_pid == getpid());
  queue(SIGUSR1, 33);
  CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
  CHECK(info.si_code == SI_QUEUE && info.si_value.sival_int == 33);
  raise(SIGUSR1);
  CHECK_EQ(sigwait(&set, &number), 0);
  CHECK_EQ(number, SIGUSR1);

  // It sleeps until the signal comes.
  struct itimerval soon = {.it_value = {0, 20000}};
  setitimer(ITIMER_REAL, &soon, 0);
  CHECK_EQ(sigwaitinfo(&set, &info), SIGALRM);

  // Real-time signals queue, in order, lower numbers first.
  queue(SIGRTMIN, 1), queue(SIGRTMIN, 2), queue(SIGRTMIN, 3);
  for (int i = 1; i <= 3; i++) {
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
    CHECK_EQ(info.si_value.sival_int, i);
  }
  CHECK_ERRNO(sigtimedwait(&set, &info, &zero), EAGAIN);
  struct timespec bad = {0, 1000000000};
  CHECK_ERRNO(sigtimedwait(&set, &info, &bad), EINVAL);
  CHECK_ERRNO(syscall(SYS_rt_sigtimedwait, &set, &info, &zero, 4), EINVAL);
  CHECK_ERRNO(syscall(SYS_rt_sigtimedwait, (void *)8, &info, &zero, 8), EFAULT);
}

static void check_handlers(void) {
  sigset_t set;
  struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
  sigfillset(&action.sa_mask);
  sigemptyset(&set);
  for (int i = 0; i < 2; i++) {
    REQUIRE(sigaction(SIGRTMIN + i, &action, 0) == 0);
    sigaddset(&set, SIGRTMIN + i);
  }
  sigprocmask(SIG_BLOCK, &set, 0);
  queue(SIGRTMIN + 1, 10), queue(SIGRTMIN, 20), queue(SIGRTMIN + 1, 11), queue(SIGRTMIN, 21);
  sigprocmask(SIG_UNBLOCK, &set, 0);
  CHECK_EQ(count, 4);
  // With all blocked inside, each handler runs to its end before the next.
  CHECK(order[0] == SIGRTMIN && values[0] == 20 && values[1] == 21);
  CHECK(order[2] == SIGRTMIN + 1 && values[2] == 10 && values[3] == 11);
}

static void check_queueinfo(void) {
  siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_USER};
  CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, 0x3fffffff, SIGUSR1, &info), EPERM);
  info.si_code = SI_QUEUE;
  CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, 0x3fffffff, SIGUSR1, &info), ESRCH);
  CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, getpid(), 99, &info), EINVAL);
  CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, (void *)8), EFAULT);
}

int main(void) {
  check_waiting();
  check_handlers();
  check_queueinfo();
  return finish();
}
