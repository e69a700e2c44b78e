// proc-access: which files of another user's process, and of one that is not dumpable, can be read in /proc. man 2 ptrace, man 5 proc.
// not in CI's beds: emulation makes it slow
#include <sys/prctl.h>
#include <sys/wait.h>

#include "check.h"

static char text[65536];

static int open_of(pid_t pid, const char *name) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
  int fd = open(path, O_RDONLY);
  if (fd >= 0) close(fd);
  return fd;
}

static ssize_t link_of(pid_t pid, const char *name) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
  return readlink(path, text, sizeof(text));
}

// A child that changes itself with `become`, says so, and waits to be killed.
static pid_t start(void (*become)(void)) {
  int fds[2];
  char byte;
  REQUIRE(pipe(fds) == 0);
  pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    alarm(60);
    become();
    if (write(fds[1], "", 1) != 1) _exit(1);
    for (;;) pause();
  }
  CHECK_EQ(read(fds[0], &byte, 1), 1);
  close(fds[0]), close(fds[1]);
  return pid;
}

static void end(pid_t pid) {
  int status;
  kill(pid, SIGKILL);
  CHECK_EQ(waitpid(pid, &status, 0), pid);
  CHECK(WIFSIGNALED(status));
}

static void become_somebody(void) { REQUIRE(setresgid(4321, 4321, 4321) == 0 && setresuid(4321, 4321, 4321) == 0); }
static void become_shy(void) { REQUIRE(prctl(PR_SET_DUMPABLE, 0) == 0); }
static void become_nothing(void) {}

static void check_open(pid_t pid) {
  static const char *const files[] = {"stat", "statm", "status", "cmdline", "comm", "limits", "oom_score", "cgroup", "mountinfo"};
  for (size_t i = 0; i < COUNT(files); i++) CHECK(open_of(pid, files[i]) >= 0);
  CHECK(open_of(pid, "task") >= 0);
}

static void check_closed(pid_t pid) {
  static const char *const files[] = {"maps", "environ", "auxv", "smaps"};
  for (size_t i = 0; i < COUNT(files); i++) CHECK_ERRNO(open_of(pid, files[i]), EACCES);
  CHECK_ERRNO(link_of(pid, "exe"), EACCES);
  CHECK_ERRNO(link_of(pid, "cwd"), EACCES);
  CHECK_ERRNO(link_of(pid, "root"), EACCES);
  CHECK_ERRNO(open_of(pid, "cwd"), EACCES);
  CHECK_ERRNO(open_of(pid, "fd"), EACCES);
  CHECK_ERRNO(open_of(pid, "fd/0"), EACCES);
}

static void check_seen(pid_t pid) {
  CHECK(open_of(pid, "maps") >= 0 && open_of(pid, "environ") >= 0);
  CHECK(link_of(pid, "exe") > 0 && link_of(pid, "cwd") > 0);
  CHECK(open_of(pid, "fd") >= 0);
}

// A process's effective user owns its files; root owns them if it is not dumpable.
static void check_owner(pid_t pid, unsigned uid, unsigned other) {
  struct stat status;
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/status", pid);
  CHECK_EQ(stat(path, &status), 0);
  CHECK_EQ(status.st_uid, uid);
  snprintf(path, sizeof(path), "/proc/%d/environ", pid);
  CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0400 && status.st_uid == other);
}

int main(void) {
  alarm(60);
  pid_t own = start(become_nothing), shy = start(become_shy);
  check_open(own), check_open(shy);
  check_seen(own);
  check_owner(own, geteuid(), geteuid());
  if (is_root()) {
    pid_t theirs = start(become_somebody);
    check_open(theirs), check_seen(theirs);
    check_owner(theirs, 0, 0);
    pid_t observer = fork();
    if (observer == 0) {
      failures = 0;
      become_somebody();
      check_open(own), check_open(shy);
      check_closed(own), check_closed(shy), check_closed(getppid());
      // A process that changes its user is not dumpable from then on: its files are root's. It still sees what it has open.
      CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
      CHECK(open_of(getpid(), "maps") >= 0 && open_of(getpid(), "fd") >= 0 && link_of(getpid(), "exe") > 0);
      CHECK(open_of(getpid(), "fdinfo") >= 0 && link_of(getpid(), "fd/2") > 0);
      CHECK_ERRNO(open_of(getpid(), "environ"), EACCES);
      check_closed(theirs);
      _exit(failures != 0);
    }
    int status;
    CHECK_EQ(waitpid(observer, &status, 0), observer);
    CHECK_EQ(status, 0);
    end(theirs);
  }
  end(own), end(shy);
  return finish();
}
