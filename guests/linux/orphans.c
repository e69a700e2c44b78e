// orphans: the new parent of a process whose parent ended, and what the process is told. man 2 prctl, man 2 PR_SET_PDEATHSIG.
// not in CI's beds: emulation makes it slow
#include "processes.h"

// Starts a child that leaves a grandchild, which runs `body` when the child is gone; returns the grandchild's pid.
static pid_t leave_orphan(void (*body)(pid_t dead_parent, struct gate), struct gate gate) {
  pid_t *pid = shared_memory(PAGE), child;
  IN_CHILD(child) {
    pid_t parent = getpid(), grandchild;
    IN_CHILD(grandchild) {
      CHECK(EVENTUALLY(getppid() != parent));
      body(parent, gate);
    }
    *pid = grandchild;
  }
  CHECK_EQ(ended(child), 0);
  pid_t orphan = *pid;
  munmap(pid, PAGE);
  return orphan;
}

static pid_t self;

static void expect_self(pid_t dead_parent, struct gate gate) {
  (void)dead_parent, (void)gate;
  CHECK_EQ(getppid(), self);
}

static void check_subreaper(void) {
  int is_reaper = -1;
  struct gate none = {{-1, -1}};
  siginfo_t info;
  CHECK_EQ(prctl(PR_GET_CHILD_SUBREAPER, &is_reaper), 0);
  CHECK_EQ(is_reaper, 0);
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  CHECK_EQ(prctl(PR_GET_CHILD_SUBREAPER, &is_reaper), 0);
  CHECK_EQ(is_reaper, 1);
  CHECK_ERRNO(prctl(PR_GET_CHILD_SUBREAPER, (int *)8), EFAULT);

  // This process waits for it, and its end is reported as a child's.
  pid_t orphan = leave_orphan(expect_self, none);
  CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
  CHECK_EQ(info.si_pid, orphan);
  CHECK_EQ(info.si_status, 0);

  // A zombie that its parent never reaped moves too.
  CHECK_IN_CHILD {
    pid_t dead = CHILD(_exit(77));
    CHECK_EQ(waitid(P_PID, (id_t)dead, &info, WEXITED | WNOWAIT), 0);
  }
  int status;
  CHECK(waitpid(-1, &status, 0) > 0 && WEXITSTATUS(status) == 77);
  CHECK_ERRNO(waitpid(-1, &status, 0), ECHILD);
}

// The nearest living ancestor that is a subreaper takes them: being one is not inherited.
static void check_nearest(void) {
  struct gate none = {{-1, -1}};
  CHECK_IN_CHILD {
    int is_reaper = -1;
    CHECK(prctl(PR_GET_CHILD_SUBREAPER, &is_reaper) == 0 && is_reaper == 0);
    leave_orphan(expect_self, none);
    CHECK_ERRNO(waitpid(-1, 0, 0), ECHILD);
  }
  CHECK_EQ(ended(-1), 0);
  CHECK_IN_CHILD {
    self = getpid();
    CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    pid_t orphan = leave_orphan(expect_self, none);
    CHECK_EQ(ended(orphan), 0);
  }
  CHECK_ERRNO(waitpid(-1, 0, 0), ECHILD);
}

// The first program of a container may be one that never waits for children.
static bool init_reaps(void) {
  char name[32] = "";
  read_file("/proc/1/comm", name, sizeof(name));
  return strcmp(name, "tail\n") != 0 && strcmp(name, "sleep\n") != 0;
}

static void expect_other(pid_t dead_parent, struct gate gate) {
  CHECK(getppid() != self && getppid() != dead_parent && getppid() >= 0);
  char byte = failures ? 'n' : 'y';
  CHECK_EQ(write(gate.fds[1], &byte, 1), 1);
}

// Without a subreaper it goes to init or to its stand-in, and is reaped there.
static void check_no_subreaper(void) {
  char byte = 0;
  struct gate gate = new_gate();
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
  pid_t orphan = leave_orphan(expect_other, gate);
  CHECK_EQ(read(gate.fds[0], &byte, 1), 1);
  CHECK_EQ(byte, 'y');
  CHECK_ERRNO(waitpid(orphan, 0, 0), ECHILD);
  CHECK(EVENTUALLY(init_reaps() ? kill(orphan, 0) == -1 && errno == ESRCH : strchr("Z", state_of(orphan)) != 0));
  remove_gate(gate);
}

static void check_death_signal(void) {
  struct gate ready = new_gate();
  siginfo_t info;
  int number;
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  pid_t *pid = shared_memory(PAGE), child;
  IN_CHILD(child) {
    pid_t parent = getpid(), grandchild;
    CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGUSR2), 0);
    IN_CHILD(grandchild) {
      sigset_t set;
      sigemptyset(&set), sigaddset(&set, SIGUSR1), sigprocmask(SIG_BLOCK, &set, 0);
      // The fork cleared it.
      CHECK(prctl(PR_GET_PDEATHSIG, &number) == 0 && number == 0);
      CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0);
      open_gate(ready);
      CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
      // Its sender is the parent that ended.
      CHECK(info.si_code == SI_USER && info.si_pid == parent && getppid() == self);
    }
    *pid = grandchild;
    pass_gate(ready);
  }
  CHECK_EQ(ended(child), 0);
  CHECK_EQ(ended(*pid), 0);

  // SIGKILL, for a chain of three: each takes the next with it.
  IN_CHILD(child) {
    pid_t next, last;
    IN_CHILD(next) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      IN_CHILD(last) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        open_gate(ready);
        for (;;) pause();
      }
      pid[1] = last, open_gate(ready);
      for (;;) pause();
    }
    pid[0] = next, open_gate(ready);
    for (;;) pause();
  }
  pass_gate(ready), pass_gate(ready);
  pass_gate(ready);
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
  CHECK_EQ(ended(pid[0]), 128 + SIGKILL);
  CHECK_EQ(ended(pid[1]), 128 + SIGKILL);
  munmap(pid, PAGE), remove_gate(ready);
}

int main(void) {
  limit_time();
  self = getpid();
  check_subreaper();
  check_nearest();
  check_no_subreaper();
  check_death_signal();
  return finish();
}
