// groups: process groups and sessions, signals to groups and to all, orphaned groups. man 2 setpgid, setsid, kill, man 3 exit.
// not in CI's beds: emulation makes it slow
#include "processes.h"

static void check_setpgid(void) {
  struct gate ready = new_gate();
  pid_t child = CHILD((open_gate(ready), pause())), other = CHILD(pause());
  pass_gate(ready);
  CHECK_EQ(getpgid(child), getpgrp());
  CHECK_EQ(setpgid(child, 0), 0);
  CHECK_EQ(getpgid(child), child);
  CHECK_EQ(setpgid(other, child), 0);
  CHECK_EQ(getpgid(other), child);
  CHECK_EQ(setpgid(other, getpgrp()), 0);
  CHECK_EQ(getpgid(other), getpgrp());
  CHECK_EQ(setpgid(other, other), 0);

  CHECK_ERRNO(setpgid(child, -1), EINVAL);
  CHECK_ERRNO(setpgid(child, other + 100000), EPERM);
  CHECK_ERRNO(setpgid(getppid(), 0), ESRCH);
  CHECK_ERRNO(setpgid(0x3fffffff, 0), ESRCH);
  CHECK_ERRNO(getpgid(0x3fffffff), ESRCH);
  CHECK_ERRNO(getpgid(-1), ESRCH);
  CHECK_ERRNO(getsid(0x3fffffff), ESRCH);
  CHECK_EQ(getpgid(0), getpgrp());
  kill(child, SIGKILL), kill(other, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
  CHECK_EQ(ended(other), 128 + SIGKILL);
  remove_gate(ready);
}

// Once a child has executed another program, its parent can no longer move it.
static void check_after_exec(void) {
  char self[4096] = "", *words[] = {"name", 0}, *variables[] = {"MODE=pause", 0};
  REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  pid_t child = vfork();
  if (child == 0) execve(self, words, variables), _exit(99);
  CHECK_ERRNO(setpgid(child, 0), EACCES);
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
}

static void check_setsid(void) {
  struct gate ready = new_gate(), done = new_gate();
  pid_t child;
  IN_CHILD(child) {
    CHECK_EQ(setsid(), getpid());
    CHECK_EQ(getsid(0), getpid());
    CHECK_EQ(getpgrp(), getpid());
    CHECK_ERRNO(setsid(), EPERM);
    CHECK_ERRNO(setpgid(0, 0), EPERM);
    // No controlling terminal: /dev/tty cannot be opened.
    CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
    pid_t session = getpid();
    CHECK_IN_CHILD {
      CHECK_EQ(getsid(0), session);
      CHECK_EQ(setpgid(0, 0), 0);
      CHECK_ERRNO(setsid(), EPERM);
      CHECK_EQ(setpgid(0, session), 0);
      CHECK_EQ(setsid(), getpid());
    }
    open_gate(ready), pass_gate(done);
  }
  pass_gate(ready);
  CHECK_EQ(getsid(child), child);
  CHECK_EQ(getpgid(child), child);
  // Groups of other sessions cannot be joined, nor their members moved.
  CHECK_ERRNO(setpgid(child, 0), EPERM);
  CHECK_ERRNO(setpgid(child, getpgrp()), EPERM);
  CHECK_IN_CHILD CHECK_ERRNO(setpgid(0, child), EPERM);
  open_gate(done);
  CHECK_EQ(ended(child), 0);
  remove_gate(ready), remove_gate(done);
}

static void check_kill_groups(void) {
  struct gate ready = new_gate();
  pid_t members[3], outside = CHILD((open_gate(ready), pause()));
  pass_gate(ready);
  for (int i = 0; i < 3; i++) {
    members[i] = CHILD((setpgid(0, i ? members[0] : 0), open_gate(ready), pause()));
    pass_gate(ready);
  }
  CHECK_EQ(kill(-members[0], 0), 0);
  CHECK_EQ(kill(-members[0], SIGTERM), 0);
  for (int i = 1; i < 3; i++) CHECK_EQ(ended(members[i]), 128 + SIGTERM);
  // The leader is dead and not reaped: the group still exists, and a signal to it goes nowhere.
  CHECK_EQ(waitid(P_PID, (id_t)members[0], &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
  CHECK_EQ(kill(-members[0], SIGTERM), 0);
  CHECK_EQ(kill(members[0], 0), 0);
  CHECK_EQ(ended(members[0]), 128 + SIGTERM);
  CHECK_ERRNO(kill(-members[0], 0), ESRCH);
  CHECK_EQ(kill(outside, 0), 0);
  kill(outside, SIGKILL);
  CHECK_EQ(ended(outside), 128 + SIGKILL);
  CHECK_ERRNO(kill(-0x3fffffff, SIGTERM), ESRCH);
  CHECK_ERRNO(kill(0x3fffffff, SIGTERM), ESRCH);
  CHECK_ERRNO(kill(0, 65), EINVAL);
  CHECK_ERRNO(kill(0, -1), EINVAL);
  CHECK_ERRNO(kill(INT32_MIN, 0), ESRCH);

  // 0 is the sender's own group, including the sender.
  pid_t leader;
  IN_CHILD(leader) {
    setpgid(0, 0);
    pid_t one = CHILD((open_gate(ready), pause())), two = CHILD((open_gate(ready), pause()));
    pass_gate(ready), pass_gate(ready);
    signal(SIGUSR1, SIG_IGN);
    CHECK_EQ(kill(0, SIGUSR1), 0);
    CHECK_EQ(ended(one), 128 + SIGUSR1);
    CHECK_EQ(ended(two), 128 + SIGUSR1);
    kill(0, SIGUSR2);
  }
  CHECK_EQ(ended(leader), 128 + SIGUSR2);
  remove_gate(ready);
}

// kill(-1) reaches all that the sender may signal, except init and itself. Natively there are more than this guest's own,
// so a signal goes only to all processes of a user that has no others.
static void check_kill_all(void) {
  struct gate ready = new_gate();
  pid_t spared = CHILD(pause());
  CHECK_EQ(kill(-1, 0), 0);
  if (is_root()) CHECK_IN_CHILD {
      become_lone_user();
      pid_t one = CHILD((open_gate(ready), pause())), two;
      IN_CHILD(two) {
        setsid();
        open_gate(ready);
        pause();
      }
      pass_gate(ready), pass_gate(ready);
      CHECK_EQ(kill(-1, SIGUSR1), 0);
      CHECK_EQ(ended(one), 128 + SIGUSR1);
      CHECK_EQ(ended(two), 128 + SIGUSR1);
      // It spares itself, and those it may not signal are no error.
      CHECK_EQ(kill(-1, SIGUSR1), 0);
      CHECK_ERRNO(kill(spared, SIGUSR1), EPERM);
      CHECK_ERRNO(kill(-getpgrp(), 65), EINVAL);
    }
  CHECK_EQ(waitpid(spared, 0, WNOHANG), 0);
  kill(spared, SIGKILL);
  CHECK_EQ(ended(spared), 128 + SIGKILL);
  remove_gate(ready);
}

// A group that loses its last tie to its session gets SIGHUP and SIGCONT if a member is stopped: man 3 exit, POSIX _exit.
static void check_orphaned_group(void) {
  struct gate ready = new_gate();
  int status;
  CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  pid_t *pid = shared_memory(PAGE), child;
  for (int is_stopped = 0; is_stopped < 2; is_stopped++) {
    IN_CHILD(child) {
      pid_t member;
      setsid();
      IN_CHILD(member) {
        setpgid(0, 0);
        open_gate(ready);
        for (;;) pause();
      }
      *pid = member;
      pass_gate(ready);
      if (is_stopped) {
        kill(member, SIGSTOP);
        CHECK_EQ(waitpid(member, &status, WUNTRACED), member);
      }
    }
    CHECK_EQ(ended(child), 0);
    if (!is_stopped) {
      sleep_ms(20);
      CHECK_EQ(waitpid(*pid, &status, WNOHANG), 0);
      kill(*pid, SIGKILL);
    }
    CHECK_EQ(ended(*pid), 128 + (is_stopped ? SIGHUP : SIGKILL));
  }

  // In an orphaned group the terminal's stop signals stop nobody; SIGSTOP does.
  CHECK_IN_CHILD {
    setsid();
    raise(SIGTSTP), raise(SIGTTIN), raise(SIGTTOU);
  }
  munmap(pid, PAGE), remove_gate(ready);
}

int main(void) {
  if (getenv("MODE")) return pause();
  limit_time();
  check_setpgid();
  check_after_exec();
  check_setsid();
  check_kill_groups();
  check_kill_all();
  check_orphaned_group();
  return finish();
}
