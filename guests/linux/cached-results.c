// cached-results: getpid and its kin, called so often that a program may be told their results in advance, change at once when others change
// them. man 2 getpid, getppid, gettid, getuid; credentials(7).
// not in CI's beds: emulation makes it slow
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "check.h"

#define OFTEN 64

static void call_often(void) {
  for (int i = 0; i < OFTEN; i++) getpid(), getppid(), gettid(), getuid(), geteuid(), getgid(), getegid();
}

static void check_own(pid_t pid, pid_t parent) {
  CHECK_EQ(getpid(), pid);
  CHECK_EQ(gettid(), pid);
  CHECK_EQ(getppid(), parent);
}

static void await(pid_t child) {
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

// The child's results, through pipes, as the parent sees them.
static void check_forks(void) {
  pid_t parent = getpid(), grandparent = getppid();
  for (int i = 0; i < 4; i++) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      pid_t self;
      REQUIRE(read(ends[0], &self, sizeof(self)) == sizeof(self));
      check_own(self, parent);
      _exit(finish());
    }
    REQUIRE(write(ends[1], &child, sizeof(child)) == sizeof(child));
    check_own(parent, grandparent);
    await(child);
    close(ends[0]), close(ends[1]);
  }
}

static int thread_main(void *number) {
  for (int i = 0; i < 1000; i++) {
    CHECK_EQ(gettid(), *(volatile pid_t *)number);
    CHECK(gettid() != getpid());
    if (i % 100 == 0) sched_yield();
  }
  *(volatile pid_t *)number = 0;
  return 0;
}

static void check_threads(void) {
  static char stacks[4][16384] __attribute__((aligned(16)));
  volatile pid_t numbers[4] = {0};
  int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID;
  for (int i = 0; i < 4; i++) REQUIRE(clone(thread_main, stacks[i] + sizeof(stacks[i]), flags, (void *)&numbers[i], &numbers[i]) > 0);
  pid_t self = getpid();
  for (int i = 0; i < 4; i++)
    while (numbers[i] != 0) CHECK_EQ(gettid(), self);
}

// A process that makes no other call sees its parent's end.
static void check_orphan(void) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    pid_t parent = getpid(), orphan = fork();
    REQUIRE(orphan >= 0);
    if (orphan > 0) usleep(20000), _exit(0);
    alarm(20);
    while (getppid() == parent) continue;
    pid_t now = getppid();
    _exit(write(ends[1], &now, sizeof(now)) != sizeof(now));
  }
  await(child);
  pid_t reaper;
  CHECK_EQ(read(ends[0], &reaper, sizeof(reaper)), sizeof(reaper));
  CHECK(reaper != child && reaper != 0);
  close(ends[0]), close(ends[1]);
}

static void check_users(void) {
  if (geteuid() != 0) return;
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    CHECK_EQ(setresgid(11, 12, 13), 0);
    CHECK_EQ(getgid(), 11);
    CHECK_EQ(getegid(), 12);
    CHECK_EQ(setresuid(21, 0, 23), 0);
    CHECK_EQ(getuid(), 21);
    CHECK_EQ(geteuid(), 0);
    CHECK_EQ(setresuid(31, 32, 33), 0);
    CHECK_EQ(getuid(), 31);
    CHECK_EQ(geteuid(), 32);
    _exit(finish());
  }
  await(child);
}

int main(int argc, char **argv) {
  call_often();
  if (argc > 2) {
    check_own(atoi(argv[1]), atoi(argv[2]));
    return finish();
  }
  check_forks();
  check_threads();
  check_orphan();
  check_users();
  pid_t parent = getpid(), child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    char pid[16], parent_pid[16];
    snprintf(pid, sizeof(pid), "%d", getpid()), snprintf(parent_pid, sizeof(parent_pid), "%d", parent);
    execl("/proc/self/exe", argv[0], pid, parent_pid, (char *)0);
    _exit(9);
  }
  await(child);
  return finish();
}
