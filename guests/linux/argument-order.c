// argument-order: NULL, impossible numbers and empty paths: which error comes first, and what is no error. errno(3), and the calls' man pages.
// not in CI's beds: emulation makes it slow
#include <linux/futex.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

#define UNMAPPED ((void *)0x7000000000)
#define NO_FD (-1)

static unsigned word;

// The path is read before the descriptor is looked at.
static void check_empty_paths(void) {
  struct stat stat;
  char text[8];
  CHECK_ERRNO(syscall(SYS_fchmodat, NO_FD, "", 0600), ENOENT);
  CHECK_ERRNO(syscall(SYS_fchmodat, NO_FD, NULL, 0600), EFAULT);
  CHECK_ERRNO(syscall(SYS_fchmodat, NO_FD, "x", 0600), EBADF);
  CHECK_ERRNO(syscall(SYS_fchownat, NO_FD, "", -1, -1, 0), ENOENT);
  CHECK_ERRNO(syscall(SYS_faccessat, NO_FD, "", 0), ENOENT);
  CHECK_ERRNO(fstatat(NO_FD, "", &stat, 0), ENOENT);
  CHECK_ERRNO(fstatat(NO_FD, "", &stat, AT_EMPTY_PATH), EBADF);
  CHECK_ERRNO(openat(NO_FD, "", O_RDONLY), ENOENT);
  CHECK_ERRNO(unlinkat(NO_FD, "", 0), ENOENT);
  CHECK_ERRNO(mkdirat(NO_FD, "", 0700), ENOENT);
  CHECK_ERRNO(mknodat(NO_FD, "", S_IFREG, 0), ENOENT);
  CHECK_ERRNO(linkat(NO_FD, "", NO_FD, "", 0), ENOENT);
  CHECK_ERRNO(renameat(NO_FD, "", NO_FD, ""), ENOENT);
  CHECK_ERRNO(symlinkat("x", NO_FD, ""), ENOENT);
  CHECK_ERRNO(symlinkat("", NO_FD, "x"), ENOENT);
  // But for readlinkat the empty path is the descriptor's own link.
  CHECK_ERRNO(readlinkat(NO_FD, "", text, sizeof(text)), EBADF);
  CHECK_ERRNO(syscall(SYS_utimensat, AT_FDCWD, NULL, NULL, 0), EFAULT);
  CHECK_ERRNO(syscall(SYS_utimensat, NO_FD, NULL, NULL, 0), EBADF);
}

static void check_scheduling(void) {
  struct {
    uint32_t size, words[15];
  } attr = {.size = 4};
  CHECK_ERRNO(syscall(SYS_sched_setattr, 0, NULL, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_sched_setattr, 0, UNMAPPED, 0), EFAULT);
  CHECK_ERRNO(syscall(SYS_sched_setattr, -1, &attr, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &attr, 0), E2BIG);
  CHECK_EQ(attr.size, 56);
  attr.size = 64;
  attr.words[14] = 1;
  CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &attr, 0), E2BIG);
  attr.size = 64;
  attr.words[14] = 0;
  CHECK_EQ(syscall(SYS_sched_setattr, 0, &attr, 0), 0);
  CHECK_ERRNO(syscall(SYS_sched_getattr, 0, NULL, 48, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_sched_getattr, 0, UNMAPPED, 48, 0), EFAULT);
  CHECK_EQ(syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0), 0);
  CHECK_EQ(attr.size, 56);
  CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, 0, NULL), EINVAL);
  CHECK_ERRNO(syscall(SYS_sched_getaffinity, -1, sizeof(attr), &attr), ESRCH);
}

static void check_children(void) {
  siginfo_t info;
  CHECK_ERRNO(wait4(INT32_MIN, 0, 0, 0), ESRCH);
  CHECK_ERRNO(wait4(-1, 0, 0, 0), ECHILD);
  CHECK_ERRNO(syscall(SYS_waitid, P_ALL, 0, UNMAPPED, WEXITED, 0), EFAULT);
  memset(&info, 1, sizeof(info));
  CHECK_ERRNO(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
  CHECK(info.si_signo == 0 && info.si_errno == 0 && info.si_code == 0 && info.si_pid == 0 && info.si_status == 0);
}

static long futex(void *first, int operation, int value, long fourth, void *second, int last) {
  return syscall(SYS_futex, first, operation, value, fourth, second, last);
}

// A private futex is only an address; another one is the memory there.
static void check_futexes(void) {
  int unknown = 5 << 28, set = FUTEX_OP(FUTEX_OP_SET, 3, FUTEX_OP_CMP_EQ, 0);
  CHECK_ERRNO(futex(NULL, FUTEX_WAKE, 1, 0, 0, 0), EFAULT);
  CHECK_EQ(futex(NULL, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0), 0);
  CHECK_EQ(futex(UNMAPPED, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0), 0);
  CHECK_ERRNO(futex((void *)-4096, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0), EFAULT);
  CHECK_ERRNO(futex((void *)-1, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0), EINVAL);
  CHECK_ERRNO(futex(NULL, FUTEX_WAIT_PRIVATE, 1, 0, 0, 0), EFAULT);
  CHECK_ERRNO(futex(NULL, FUTEX_WAKE_BITSET, 1, 0, 0, 0), EINVAL);
  CHECK_EQ(futex(NULL, FUTEX_REQUEUE_PRIVATE, 1, 1, 0, 0), 0);
  CHECK_EQ(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, 0, 0), 0);
  CHECK_ERRNO(futex(NULL, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, &word, 0), EFAULT);
  CHECK_ERRNO(futex(NULL, FUTEX_WAKE_OP, 1, 1, &word, set), EFAULT);
  CHECK_ERRNO(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, NULL, set), EFAULT);
  CHECK_ERRNO(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, NULL, unknown), ENOSYS);
  CHECK_ERRNO(futex(&word, FUTEX_WAKE_OP, 1, 1, NULL, unknown), EFAULT);
  CHECK_EQ(word, 0);
  CHECK_EQ(futex(NULL, FUTEX_WAKE_OP_PRIVATE, 1, 1, &word, set), 0);
  CHECK_EQ(word, 3);
}

static void check_timers(void) {
  struct itimerspec setting = {{0, 1000000}, {0, 1000000}};
  struct timespec pause = {0, 20000000};
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  int timer;
  signal(SIGUSR1, SIG_IGN);
  CHECK_EQ(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer), 0);
  CHECK_ERRNO(syscall(SYS_timer_settime, timer, 0, NULL, NULL), EINVAL);
  CHECK_ERRNO(syscall(SYS_timer_settime, timer, 0, UNMAPPED, NULL), EFAULT);
  CHECK_EQ(syscall(SYS_timer_settime, timer, 0, &setting, NULL), 0);
  CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, 0), 0);
  // No signal was taken, so none was missed.
  CHECK_EQ(syscall(SYS_timer_getoverrun, timer), 0);
  CHECK_EQ(syscall(SYS_timer_delete, timer), 0);
}

static void check_clocks(void) {
  char timex[256] = {0};
  CHECK_ERRNO(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, UNMAPPED), EFAULT);
  CHECK_ERRNO(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, timex), EOPNOTSUPP);
  CHECK_ERRNO(syscall(SYS_clock_adjtime, 1000, timex), EINVAL);
}

static void check_kill(void) {
  char info[128] = {0};
  // Only to itself may a thread send a signal that claims to be from the kernel.
  CHECK_ERRNO(syscall(SYS_rt_tgsigqueueinfo, getpid() + 1, getpid(), 0, info), ESRCH);
  CHECK_ERRNO(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid() + 1, 0, info), EPERM);
  CHECK_ERRNO(setpgid(-1, 0), EINVAL);
}

int main(void) {
  check_empty_paths();
  check_scheduling();
  check_children();
  check_futexes();
  check_timers();
  check_clocks();
  check_kill();
  return finish();
}
