// clone: which flags share what, with clone and clone3, and which they refuse; no namespaces. man 2 clone.
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/sem.h>

#include "processes.h"

static char stack[65536] __attribute__((aligned(16)));
static volatile int stored, tid_at[3];
static int fd;

// A child from clone3 on the parent's stack, so without CLONE_VM; its pid, 0 in the child, or -1.
static pid_t clone3(uint64_t flags, struct clone_args args) {
  args.flags = flags;
  if (!args.exit_signal && !(flags & (CLONE_THREAD | CLONE_PARENT))) args.exit_signal = SIGCHLD;
  pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
  if (pid == 0) limit_time(), failures = 0;
  return pid;
}

// The child changes everything that may be shared.
static int change_all(void *unused) {
  (void)unused;
  stored = 1;
  umask(077);
  if (chdir("/") != 0) return 1;
  close(fd);
  signal(SIGUSR1, SIG_IGN);
  return 0;
}

static void check_shared(int flags) {
  char directory[sizeof(scratch_path)];
  struct sigaction action;
  CHECK_EQ(chdir(scratch_path), 0);
  umask(022);
  signal(SIGUSR1, SIG_DFL);
  stored = 0, fd = open("/dev/null", O_RDONLY);
  CHECK_EQ(ended(clone(change_all, stack + sizeof(stack), flags | SIGCHLD, 0)), 0);
  CHECK_EQ(stored, flags & CLONE_VM ? 1 : 0);
  CHECK_EQ(umask(022), flags & CLONE_FS ? 077 : 022);
  CHECK(getcwd(directory, sizeof(directory)));
  CHECK_EQ(strcmp(directory, "/") == 0, (flags & CLONE_FS) != 0);
  CHECK_EQ(fcntl(fd, F_GETFD), flags & CLONE_FILES ? -1 : 0);
  sigaction(SIGUSR1, 0, &action);
  CHECK(action.sa_handler == (flags & CLONE_SIGHAND ? SIG_IGN : SIG_DFL));
  close(fd);
}

static void check_sharing(void) {
  static const int flags[] = {0, CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_FS | CLONE_FILES, CLONE_VM | CLONE_SIGHAND,
                              CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND, CLONE_VM | CLONE_VFORK, CLONE_VFORK};
  for (size_t i = 0; i < COUNT(flags); i++) check_shared(flags[i]);
  signal(SIGUSR1, SIG_DFL);
}

static int take_one(void *set) {
  return semop(*(int *)set, &(struct sembuf){0, -1, SEM_UNDO}, 1);
}

static int semaphore(int set) { return semctl(set, 0, GETVAL); }

// The last one that shares semaphore adjustments undoes them when it ends, even if the first one had nothing to undo yet.
static void check_semaphores(void) {
  int set = semget(IPC_PRIVATE, 1, 0600);
  REQUIRE(set >= 0 && semctl(set, 0, SETVAL, 5) == 0);
  CHECK_EQ(ended(clone(take_one, stack + sizeof(stack), SIGCHLD, &set)), 0);
  CHECK_EQ(semaphore(set), 5);
  CHECK_IN_CHILD {
    CHECK_EQ(ended(clone(take_one, stack + sizeof(stack), CLONE_SYSVSEM | SIGCHLD, &set)), 0);
    CHECK_EQ(semaphore(set), 4);
    CHECK_EQ(take_one(&set), 0);
    CHECK_EQ(ended(clone(take_one, stack + sizeof(stack), CLONE_VM | CLONE_SYSVSEM | SIGCHLD, &set)), 0);
    CHECK_EQ(ended(clone(take_one, stack + sizeof(stack), SIGCHLD, &set)), 0);
    CHECK_EQ(semaphore(set), 2);
    // A thread that does not share it ends alone.
    int flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_CHILD_CLEARTID;
    CHECK(clone(take_one, stack + sizeof(stack), flags, &set, 0, 0, tid_at) > 0);
    CHECK(EVENTUALLY(semaphore(set) == 2));
  }
  CHECK_EQ(semaphore(set), 5);
  CHECK_EQ(semctl(set, 0, IPC_RMID), 0);
}

// A descriptor opened by one is the other's too, and an exec ends the sharing.
static int open_high(void *unused) {
  (void)unused;
  return fcntl(0, F_DUPFD, 500) == 500 ? 0 : 1;
}

// When one takes the table for its own and closes a descriptor there, it stays open for the other.
static int close_own(void *unused) {
  (void)unused;
  if (syscall(SYS_close_range, 500, 500, CLOSE_RANGE_UNSHARE) != 0) return 1;
  if (fcntl(500, F_GETFD) != -1) return 2;
  return fcntl(0, F_DUPFD, 501) == 501 ? 0 : 3;
}

static void check_files(void) {
  CHECK_EQ(ended(clone(open_high, stack + sizeof(stack), CLONE_FILES | CLONE_VM | SIGCHLD, 0)), 0);
  CHECK_EQ(fcntl(500, F_GETFD), 0);
  CHECK_EQ(fcntl(500, F_SETFD, FD_CLOEXEC), 0);
  char self[4096] = "", *words[] = {"name", 0}, *variables[] = {"MODE=exec", 0};
  REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  pid_t child = clone3(CLONE_FILES, (struct clone_args){0});
  if (child == 0) execve(self, words, variables), _exit(99);
  CHECK_EQ(ended(child), 0);
  CHECK_EQ(fcntl(500, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(ended(clone(close_own, stack + sizeof(stack), CLONE_FILES | CLONE_VM | SIGCHLD, 0)), 0);
  CHECK_EQ(fcntl(500, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(fcntl(501, F_GETFD), -1);
  close(500);
}

static void check_parent(void) {
  pid_t *told = shared_memory(PAGE), parent = getppid(), self = getpid(), child;
  IN_CHILD(child) {
    // The child's child is a child of this process's parent.
    pid_t sibling = clone3(CLONE_PARENT, (struct clone_args){0});
    REQUIRE(sibling >= 0);
    if (sibling == 0) {
      CHECK_EQ(getppid(), self);
      _exit(failures ? 1 : 33);
    }
    *told = sibling;
    CHECK_ERRNO(waitpid(sibling, 0, __WALL), ECHILD);
  }
  CHECK_EQ(ended(child), 0);
  CHECK_EQ(ended(*told), 33);
  CHECK_EQ(getppid(), parent);
  munmap(told, PAGE);
}

static void check_tids(void) {
  pid_t *parent_tid = shared_memory(PAGE), *child_tid = parent_tid + 1;
  struct clone_args args = {.parent_tid = (uintptr_t)parent_tid, .child_tid = (uintptr_t)child_tid};
  pid_t child = clone3(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, args);
  if (child == 0) {
    // Both are stored before the child runs.
    CHECK_EQ(*parent_tid, getpid());
    CHECK_EQ(*child_tid, getpid());
    _exit(finish());
  }
  CHECK_EQ(*parent_tid, child);
  CHECK_EQ(ended(child), 0);
  CHECK_EQ(*child_tid, child);

  // Only in the child's copy: this process's page does not change.
  int mine = -5;
  args.child_tid = (uintptr_t)&mine;
  child = clone3(CLONE_CHILD_SETTID, args);
  if (child == 0) _exit(mine == getpid() ? 0 : 1);
  CHECK_EQ(ended(child), 0);
  CHECK_EQ(mine, -5);

  // CLONE_CHILD_CLEARTID clears at the end where another process sees the memory.
  static volatile int cleared;
  cleared = 7;
  child = clone(open_high, stack + sizeof(stack), CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, 0, 0, 0, &cleared);
  CHECK(ended(child) == 0 && cleared == 0);
  // A bad child address is no error, and a bad parent address is none either.
  args.parent_tid = args.child_tid = 8;
  child = clone3(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, args);
  if (child == 0) _exit(0);
  CHECK_EQ(ended(child), 0);
  munmap(parent_tid, PAGE);
}

static void check_pidfd(void) {
  int pidfd = -1;
  siginfo_t info;
  struct clone_args args = {.pidfd = (uintptr_t)&pidfd};
  pid_t child = clone3(CLONE_PIDFD, args);
  if (child == 0) _exit(pidfd == -1 ? 21 : 1);
  CHECK(pidfd >= 0);
  CHECK_EQ(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(poll(&(struct pollfd){pidfd, POLLIN, 0}, 1, 10000), 1);
  CHECK_EQ(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
  CHECK(info.si_pid == child && info.si_status == 21);
  close(pidfd);
  child = clone(open_high, stack + sizeof(stack), CLONE_PIDFD | SIGCHLD, 0, &pidfd);
  CHECK_EQ(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
  CHECK_EQ(info.si_pid, child);
  close(pidfd);
  int before = dup(0);
  close(before);
  args.pidfd = 8;
  CHECK_ERRNO(clone3(CLONE_PIDFD, args), EFAULT);
  CHECK_EQ(dup(0), before);
  close(before);
}

static void catch(int number) { (void)number; }

static void check_clear_sighand(void) {
  struct sigaction action;
  signal(SIGUSR1, catch), signal(SIGUSR2, SIG_IGN);
  pid_t child = clone3(CLONE_CLEAR_SIGHAND, (struct clone_args){0});
  if (child == 0) {
    CHECK(sigaction(SIGUSR1, 0, &action) == 0 && action.sa_handler == SIG_DFL);
    CHECK(sigaction(SIGUSR2, 0, &action) == 0 && action.sa_handler == SIG_IGN);
    _exit(finish());
  }
  CHECK_EQ(ended(child), 0);
  CHECK(signal(SIGUSR1, SIG_DFL) == catch && signal(SIGUSR2, SIG_DFL) == SIG_IGN);
}

static char thread_stack[65536] __attribute__((aligned(16)));

static int exit_late(void *unused) {
  (void)unused;
  usleep(20000);
  stored = 2;
  syscall(SYS_exit, 0);
  return 0;
}

// CLONE_VFORK also waits for a thread, even in a process whose own parent waits for it.
static int wait_for_thread(void *unused) {
  (void)unused;
  stored = 0;
  int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_VFORK;
  return clone(exit_late, thread_stack + sizeof(thread_stack), flags, 0) < 0 || stored != 2;
}

static void check_vfork_of_thread(void) {
  CHECK_EQ(wait_for_thread(0), 0);
  CHECK_EQ(ended(clone(wait_for_thread, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, 0)), 0);
}

int main(void) {
  if (getenv("MODE")) return fcntl(500, F_GETFD) == -1 ? 0 : 1;
  limit_time();
  enter_scratch();
  check_sharing();
  check_semaphores();
  check_files();
  check_parent();
  check_tids();
  check_pidfd();
  check_clear_sighand();
  check_vfork_of_thread();
  return finish();
}
