// fork-inherits: ids, and which signals, timers, limits and names a child inherits. man 2 fork.
// not in CI's beds: emulation makes it slow
#include <sys/resource.h>
#include <sys/times.h>

#include "processes.h"

static volatile int caught;
static void catch(int number) { caught = number; }

static void check_identity(void) {
  pid_t *told = shared_memory(PAGE), parent = getpid();
  pid_t child;
  IN_CHILD(child) {
    *told = getpid();
    CHECK_EQ(getppid(), parent);
    CHECK_EQ(gettid(), getpid());
    CHECK_EQ(getpgrp(), getpgid(parent));
    CHECK_EQ(getsid(0), getsid(parent));
    CHECK_EQ(kill(getpid(), 0), 0);
  }
  CHECK(child > 1 && child != parent);
  CHECK_EQ(ended(child), 0);
  CHECK_EQ(*told, child);
  CHECK_ERRNO(kill(child, 0), ESRCH);
  munmap(told, PAGE);
}

// Signals: handlers and the mask are inherited, pending ones and timers are not; man 2 fork.
static void check_inheritance(void) {
  sigset_t set;
  struct itimerval timer = {.it_value = {100, 0}};
  struct rlimit limit;
  sigemptyset(&set), sigaddset(&set, SIGUSR1);
  signal(SIGUSR1, catch), signal(SIGUSR2, SIG_IGN);
  sigprocmask(SIG_BLOCK, &set, 0), raise(SIGUSR1);
  CHECK_EQ(setitimer(ITIMER_VIRTUAL, &timer, 0), 0);
  umask(031);
  prctl(PR_SET_NAME, "forker");
  getrlimit(RLIMIT_CORE, &limit);
  CHECK_IN_CHILD {
    char name[16];
    CHECK_EQ(sigpending(&set), 0);
    CHECK(!sigismember(&set, SIGUSR1));
    sigprocmask(SIG_BLOCK, 0, &set);
    CHECK(sigismember(&set, SIGUSR1) && !sigismember(&set, SIGUSR2));
    CHECK(signal(SIGUSR1, SIG_DFL) == catch && signal(SIGUSR2, SIG_DFL) == SIG_IGN);
    CHECK_EQ(getitimer(ITIMER_VIRTUAL, &timer), 0);
    CHECK_EQ(timer.it_value.tv_sec, 0);
    CHECK_EQ(umask(0), 031);
    CHECK(prctl(PR_GET_NAME, name) == 0 && strcmp(name, "forker") == 0);
    CHECK_EQ(chdir("/"), 0);
    limit.rlim_cur = 0;
    CHECK_EQ(setrlimit(RLIMIT_CORE, &limit), 0);
    prctl(PR_SET_NAME, "child");
  }
  char directory[sizeof(scratch_path)], name[16];
  CHECK(getcwd(directory, sizeof(directory)) && strcmp(directory, "/") != 0);
  CHECK(prctl(PR_GET_NAME, name) == 0 && strcmp(name, "forker") == 0);
  CHECK_EQ(umask(022), 031);
  struct rlimit now;
  CHECK(getrlimit(RLIMIT_CORE, &now) == 0 && now.rlim_max == limit.rlim_max);
  CHECK_EQ(caught, 0);
  sigprocmask(SIG_UNBLOCK, &set, 0);
  CHECK_EQ(caught, SIGUSR1);
  setitimer(ITIMER_VIRTUAL, &(struct itimerval){0}, 0);
}

static long ticks_used(const struct tms *cpu) { return cpu->tms_utime + cpu->tms_stime; }

// A child has used no time. Where its first steps take long, this is repeated after the parent has used far more.
static void check_time(void) {
  struct tms parent, child;
  int status = 1;
  for (long ticks = sysconf(_SC_CLK_TCK) / 5; status == 1 && ticks < 20 * sysconf(_SC_CLK_TCK); ticks *= 2) {
    do times(&parent);
    while (ticks_used(&parent) < ticks);
    pid_t pid;
    IN_CHILD(pid) {
      CHECK(times(&child) != -1 && child.tms_cutime == 0 && child.tms_cstime == 0);
      _exit(failures ? 2 : ticks_used(&child) >= ticks_used(&parent) / 2);
    }
    status = ended(pid);
  }
  CHECK_EQ(status, 0);
}

int main(void) {
  limit_time();
  enter_scratch();
  check_identity();
  check_time();
  check_inheritance();
  return finish();
}
