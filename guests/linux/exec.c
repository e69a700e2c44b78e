// exec: a program replaces itself: arguments, environment, what survives and what not; execveat. man 2 execve, execveat.
#include <linux/limits.h>
#include <sys/auxv.h>
#include <sys/resource.h>

#include "processes.h"

static char self[PATH_MAX];
static char *const only_mode[] = {"MODE=pass", 0};

static bool is(const char *one, const char *other) { return one && strcmp(one, other) == 0; }

// ---- what the new program finds; MODE in its environment says what to check

static void find_words(int argc, char **argv) {
  CHECK_EQ(argc, 4);
  CHECK(is(argv[0], "any name") && is(argv[1], "") && is(argv[2], "two words") && is(argv[3], "\xff\n") && !argv[4]);
  CHECK(is(environ[0], "MODE=words") && is(environ[1], "no equals sign") && is(environ[2], "A=1") && is(environ[3], "A=2"));
  CHECK(!environ[4]);
  REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  CHECK(is((char *)getauxval(AT_EXECFN), self));
}

// Ids stay, as root or not; so do pid, parent, group, session, directory, mask, limits and a running timer.
static void find_process(int argc, char **argv) {
  struct itimerval timer;
  struct rlimit limit;
  char name[17] = "", directory[PATH_MAX];
  CHECK_EQ(argc, 5);
  CHECK_EQ(getpid(), atoi(argv[1]));
  CHECK_EQ(getppid(), atoi(argv[2]));
  CHECK_EQ(getpgrp(), atoi(argv[3]));
  CHECK(getcwd(directory, sizeof(directory)) && is(directory, argv[4]));
  CHECK_EQ(umask(0), 031);
  CHECK_EQ(getrlimit(RLIMIT_CORE, &limit), 0);
  CHECK_EQ(limit.rlim_cur, 0);
  CHECK(getitimer(ITIMER_REAL, &timer) == 0 && timer.it_value.tv_sec > 40 && timer.it_interval.tv_sec == 77);
  CHECK_EQ(prctl(PR_GET_NAME, name), 0);
  CHECK(is(name, "a-name-that-has"));
}

static void find_signals(void) {
  struct sigaction action;
  stack_t stack;
  sigset_t set;
  CHECK(sigaction(SIGUSR1, 0, &action) == 0 && action.sa_handler == SIG_DFL && action.sa_flags == 0);
  CHECK(sigaction(SIGUSR2, 0, &action) == 0 && action.sa_handler == SIG_IGN);
  CHECK(sigprocmask(SIG_BLOCK, 0, &set) == 0 && sigismember(&set, SIGUSR1) && sigismember(&set, SIGRTMIN + 3));
  CHECK(!sigismember(&set, SIGUSR2));
  CHECK(sigpending(&set) == 0 && sigismember(&set, SIGUSR1) && sigismember(&set, SIGRTMIN + 3));
  CHECK(!sigismember(&set, SIGHUP));
  siginfo_t info;
  sigemptyset(&set), sigaddset(&set, SIGRTMIN + 3);
  CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN + 3);
  CHECK_EQ(info.si_value.sival_int, 42);
  CHECK_EQ(sigaltstack(0, &stack), 0);
  CHECK_EQ(stack.ss_flags, SS_DISABLE);
}

// argv: a descriptor that stays, at offset 3, and three that were closed.
static void find_descriptors(char **argv) {
  char text[8] = "";
  CHECK_EQ(read(atoi(argv[1]), text, 2), 2);
  CHECK(is(text, "de"));
  CHECK_EQ(fcntl(atoi(argv[1]), F_GETFL) & O_APPEND, O_APPEND);
  for (int i = 2; i <= 4; i++) CHECK_ERRNO(fcntl(atoi(argv[i]), F_GETFD), EBADF);
}

static int run_mode(const char *mode, int argc, char **argv) {
  if (is(mode, "words")) find_words(argc, argv);
  if (is(mode, "process")) find_process(argc, argv);
  if (is(mode, "signals")) find_signals();
  if (is(mode, "descriptors")) find_descriptors(argv);
  if (is(mode, "empty")) CHECK(argc == 1 && is(argv[0], "") && !argv[1]);
  if (is(mode, "count")) return argc;
  return finish();
}

// ---- the program that starts them

static void check_words(void) {
  char *words[] = {"any name", "", "two words", "\xff\n", 0};
  char *variables[] = {"MODE=words", "no equals sign", "A=1", "A=2", 0};
  CHECK_EQ(ended(CHILD(execve(self, words, variables))), 0);
  // An empty argument list becomes one empty argument: since Linux 5.18.
  char *empty[] = {"MODE=empty", 0};
  CHECK_EQ(ended(CHILD(execve(self, 0, empty))), 0);
  CHECK_EQ(ended(CHILD(execve(self, words + 4, empty))), 0);
  static char *many[5001];
  for (int i = 0; i < 5000; i++) many[i] = "argument";
  char *count[] = {"MODE=count", 0};
  CHECK_EQ(ended(CHILD(execve(self, many, count))), 5000 & 255);
  CHECK_EQ(ended(CHILD(execve("/proc/self/exe", many + 4990, count))), 10);
}

static void check_process(void) {
  CHECK_EQ(symlink(self, "a-name-that-has-many-letters"), 0);
  CHECK_IN_CHILD {
    char pid[16], parent[16], group[16], directory[PATH_MAX];
    struct itimerval timer = {{77, 0}, {50, 0}};
    struct rlimit limit;
    setpgid(0, 0);
    umask(031), getrlimit(RLIMIT_CORE, &limit), limit.rlim_cur = 0, setrlimit(RLIMIT_CORE, &limit);
    setitimer(ITIMER_REAL, &timer, 0);
    snprintf(pid, 16, "%d", getpid()), snprintf(parent, 16, "%d", getppid()), snprintf(group, 16, "%d", getpgrp());
    CHECK(getcwd(directory, sizeof(directory)));
    char *words[] = {"name", pid, parent, group, directory, 0}, *variables[] = {"MODE=process", 0};
    execve("a-name-that-has-many-letters", words, variables);
  }
}

static void catch(int number) { (void)number; }

static void check_signals(void) {
  CHECK_IN_CHILD {
    static char memory[65536];
    stack_t stack = {.ss_sp = memory, .ss_size = sizeof(memory)};
    struct sigaction action = {.sa_handler = catch, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigset_t set;
    sigaction(SIGUSR1, &action, 0), signal(SIGUSR2, SIG_IGN), sigaltstack(&stack, 0);
    sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGRTMIN + 3), sigprocmask(SIG_BLOCK, &set, 0);
    raise(SIGUSR1), sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = 42});
    char *words[] = {"name", 0}, *variables[] = {"MODE=signals", 0};
    execve(self, words, variables);
  }
}

static void check_descriptors(void) {
  write_file("letters", "abcdefgh", 8);
  CHECK_IN_CHILD {
    char text[4], stays[16], gone[3][16];
    int fd = open("letters", O_RDWR | O_APPEND);
    CHECK_EQ(read(fd, text, 3), 3);
    snprintf(stays, 16, "%d", fd);
    snprintf(gone[0], 16, "%d", open("letters", O_RDONLY | O_CLOEXEC));
    snprintf(gone[1], 16, "%d", fcntl(fd, F_DUPFD_CLOEXEC, 200));
    snprintf(gone[2], 16, "%d", dup3(fd, 150, O_CLOEXEC));
    char *words[] = {"name", stays, gone[0], gone[1], gone[2], 0}, *variables[] = {"MODE=descriptors", 0};
    execve(self, words, variables);
  }
}

// The parent of a vfork goes on when the child has become another program, long before the child ends.
static void check_vfork(void) {
  int fds[2];
  char byte, *words[] = {"cat", 0}, *variables[] = {"MODE=pass", 0};
  REQUIRE(pipe2(fds, O_CLOEXEC) == 0);
  pid_t child = vfork();
  if (child == 0) execve(self, words, variables), _exit(99);
  close(fds[1]);
  // The exec closed the child's end of the pipe.
  CHECK_EQ(read(fds[0], &byte, 1), 0);
  CHECK_EQ(ended(child), 0);
  close(fds[0]);
}

static int at(int directory, const char *path, int flags) {
  char *words[] = {"name", 0};
  return (int)syscall(SYS_execveat, directory, path, words, only_mode, flags);
}

static void check_execveat(void) {
  int directory = open(".", O_PATH | O_DIRECTORY), fd = open(self, O_PATH | O_CLOEXEC), file = open("letters", O_RDONLY);
  CHECK_EQ(symlink(self, "link"), 0);
  CHECK_EQ(ended(CHILD(at(fd, "", AT_EMPTY_PATH))), 0);
  CHECK_EQ(ended(CHILD(at(directory, "link", 0))), 0);
  CHECK_EQ(ended(CHILD(at(AT_FDCWD, "link", 0))), 0);
  CHECK_EQ(ended(CHILD(at(-1, self, 0))), 0);
  CHECK_ERRNO(at(directory, "link", AT_SYMLINK_NOFOLLOW), ELOOP);
  CHECK_ERRNO(at(directory, "missing", 0), ENOENT);
  CHECK_ERRNO(at(directory, "", 0), ENOENT);
  CHECK_ERRNO(at(directory, "", AT_EMPTY_PATH), EACCES);
  CHECK_ERRNO(at(file, "link", 0), ENOTDIR);
  CHECK_ERRNO(at(file, "", AT_EMPTY_PATH), EACCES);
  CHECK_ERRNO(at(-1, "link", 0), EBADF);
  CHECK_ERRNO(at(-1, "", AT_EMPTY_PATH), EBADF);
  CHECK_ERRNO(at(directory, "link", 0x40000000), EINVAL);
  close(directory), close(fd), close(file);
}

int main(int argc, char **argv) {
  const char *mode = getenv("MODE");
  if (mode) return run_mode(mode, argc, argv);
  limit_time();
  REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  enter_scratch();
  check_words();
  check_process();
  check_signals();
  check_descriptors();
  check_vfork();
  check_execveat();
  return finish();
}
