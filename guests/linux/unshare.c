// unshare: what a task gives up, what only a task that has it alone may ask for, and what it refuses. man 2 unshare.
#include <linux/sched.h>
#include <sched.h>
#include <sys/sem.h>

#include "processes.h"

static char stack[65536] __attribute__((aligned(16))), thread_stack[65536] __attribute__((aligned(16)));
static volatile int is_over;
static int set, tid_at;

static int try_unshare(unsigned long flags) { return (int)syscall(SYS_unshare, flags); }
static int semaphore(void) { return semctl(set, 0, GETVAL); }

// A child that shares `flags` with its parent gives them up, and then changes everything that was shared.
static int give_up(void *flags) {
  if (try_unshare((unsigned long)flags) != 0) return 1;
  umask(077);
  if (chdir("/") != 0) return 2;
  return fcntl(0, F_DUPFD, 500) == 500 ? 0 : 3;
}

static void check_given_up(unsigned long flags) {
  char directory[sizeof(scratch_path)];
  CHECK_EQ(chdir(scratch_path), 0);
  umask(022);
  int shared = CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD;
  CHECK_EQ(ended(clone(give_up, stack + sizeof(stack), shared, (void *)flags)), 0);
  CHECK_EQ(umask(022), flags & CLONE_FS ? 022 : 077);
  CHECK(getcwd(directory, sizeof(directory)));
  CHECK_EQ(strcmp(directory, "/") == 0, !(flags & CLONE_FS));
  CHECK_EQ(fcntl(500, F_GETFD), flags & CLONE_FILES ? -1 : 0);
  close(500);
}

// What is adjusted so far is undone for a task that shares with nobody, and stays for one that shares.
static int take_one(void *flags) {
  if (semop(set, &(struct sembuf){0, -1, SEM_UNDO}, 1) != 0 || semaphore() != 4) return 1;
  if (try_unshare((unsigned long)flags) != 0) return 2;
  return semaphore();
}

static void check_semaphores(void) {
  set = semget(IPC_PRIVATE, 1, 0600);
  REQUIRE(set >= 0 && semctl(set, 0, SETVAL, 5) == 0);
  CHECK_EQ(ended(clone(take_one, stack + sizeof(stack), SIGCHLD, 0)), 4);
  CHECK_EQ(ended(clone(take_one, stack + sizeof(stack), SIGCHLD, (void *)CLONE_SYSVSEM)), 5);
  CHECK_IN_CHILD {
    int shared = CLONE_SYSVSEM | SIGCHLD;
    CHECK_EQ(ended(clone(take_one, stack + sizeof(stack), shared, (void *)CLONE_SYSVSEM)), 4);
    CHECK_EQ(semaphore(), 4);
    CHECK_EQ(try_unshare(CLONE_SYSVSEM), 0);
    CHECK_EQ(semaphore(), 5);
    CHECK_EQ(try_unshare(CLONE_SYSVSEM), 0);
  }
  CHECK_EQ(semctl(set, 0, IPC_RMID), 0);
}

// Memory and signal handlers cannot be given up: whoever shares them with another process is refused.
static int ask_for_memory(void *sharing) {
  errno = 0;
  if (try_unshare(CLONE_VM) != -1 || errno != EINVAL) return 1;
  bool shares_handlers = (unsigned long)sharing & CLONE_SIGHAND;
  if (try_unshare(CLONE_SIGHAND) != (shares_handlers ? -1 : 0)) return 2;
  return try_unshare(CLONE_THREAD | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM);
}

static void check_memory(void) {
  CHECK_EQ(ended(clone(ask_for_memory, stack + sizeof(stack), CLONE_VM | SIGCHLD, 0)), 0);
  int shared = CLONE_VM | CLONE_SIGHAND;
  CHECK_EQ(ended(clone(ask_for_memory, stack + sizeof(stack), shared | SIGCHLD, (void *)CLONE_SIGHAND)), 0);
  CHECK_EQ(ended(clone(ask_for_memory, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, 0)), 0);
  // They are this process's again.
  CHECK_EQ(try_unshare(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD), 0);
}

static int wait_until_over(void *unused) {
  (void)unused;
  while (!is_over) usleep(1000);
  return 0;
}

static void check_threads(void) {
  int flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID;
  REQUIRE(clone(wait_until_over, thread_stack + sizeof(thread_stack), flags, 0, &tid_at, 0, &tid_at) > 0);
  CHECK_ERRNO(try_unshare(CLONE_THREAD), EINVAL);
  CHECK_ERRNO(try_unshare(CLONE_SIGHAND), EINVAL);
  CHECK_ERRNO(try_unshare(CLONE_VM | CLONE_FS), EINVAL);
  CHECK_EQ(try_unshare(CLONE_FS | CLONE_FILES), 0);
  is_over = 1;
  CHECK(EVENTUALLY(*(volatile int *)&tid_at == 0 && try_unshare(CLONE_THREAD) == 0));
}

static void check_refused(void) {
  static const unsigned long refused[] = {CLONE_PTRACE, CLONE_VFORK, CLONE_PARENT, CLONE_SETTLS, CLONE_PIDFD, SIGCHLD, 1ul << 40, 1ul << 63};
  for (size_t i = 0; i < COUNT(refused); i++) {
    CHECK_ERRNO(try_unshare(refused[i]), EINVAL);
    CHECK_ERRNO(try_unshare(refused[i] | CLONE_FS), EINVAL);
  }
  CHECK_EQ(try_unshare(0), 0);
}

int main(void) {
  limit_time();
  enter_scratch();
  check_given_up(0);
  check_given_up(CLONE_FS);
  check_given_up(CLONE_FILES);
  check_given_up(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM);
  check_semaphores();
  check_memory();
  check_threads();
  check_refused();
  return finish();
}
