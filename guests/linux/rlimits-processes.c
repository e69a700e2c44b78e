// rlimits-processes: a process's own limits: of processes, descriptors, sizes and time; prlimit of another. man 2 getrlimit.
// not in CI's beds: emulation makes it slow
#include <sys/resource.h>

#include "threads.h"

static void limit(int which, rlim_t soft) {
  struct rlimit now;
  CHECK_EQ(getrlimit(which, &now), 0);
  now.rlim_cur = soft;
  CHECK_EQ(setrlimit(which, &now), 0);
}

static void *sleep_forever(void *argument) {
  for (;;) pause();
  return argument;
}

// Processes and threads of a user count together; root may have any number.
static void check_process_count(void) {
  pthread_t thread;
  pid_t child;
  // Every user here has at least one process.
  IN_CHILD(child) {
    limit(RLIMIT_NPROC, 1);
    if (!is_root()) CHECK_ERRNO(fork(), EAGAIN);
    if (is_root()) CHECK_EQ(ended(CHILD(_exit(3))), 3);
  }
  CHECK_EQ(ended(child), 0);
  if (!is_root()) return;
  IN_CHILD(child) {
    limit(RLIMIT_NPROC, 4);
    become_lone_user();
    pid_t children[3];
    for (int i = 0; i < 3; i++) children[i] = CHILD(pause());
    CHECK_ERRNO(fork(), EAGAIN);
    CHECK_ERRNO(vfork(), EAGAIN);
    CHECK_EQ(pthread_create(&thread, 0, sleep_forever, 0), EAGAIN);
    // A zombie counts until it is reaped.
    kill(children[0], SIGKILL);
    CHECK_EQ(waitid(P_PID, (id_t)children[0], &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
    CHECK_ERRNO(fork(), EAGAIN);
    CHECK_EQ(ended(children[0]), 128 + SIGKILL);
    CHECK_EQ(pthread_create(&thread, 0, sleep_forever, 0), 0);
    CHECK_ERRNO(fork(), EAGAIN);
    // It may raise the limit, up to the hard one, whenever it likes.
    limit(RLIMIT_NPROC, 5);
    CHECK_EQ(ended(CHILD(_exit(4))), 4);
    for (int i = 1; i < 3; i++) kill(children[i], SIGKILL), ended(children[i]);
  }
  CHECK_EQ(ended(child), 0);
}

static void check_descriptors(void) {
  struct rlimit before, after;
  CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  pid_t child;
  IN_CHILD(child) {
    int high = fcntl(0, F_DUPFD, 100);
    CHECK_EQ(high, 100);
    limit(RLIMIT_NOFILE, 20);
    CHECK_IN_CHILD {
      CHECK(getrlimit(RLIMIT_NOFILE, &after) == 0 && after.rlim_cur == 20 && after.rlim_max == before.rlim_max);
      int fd = 0, last = 0;
      while ((fd = dup(0)) >= 0) last = fd;
      CHECK(errno == EMFILE);
      CHECK_EQ(last, 19);
      CHECK_ERRNO(dup2(0, 20), EBADF);
      CHECK_ERRNO(fcntl(0, F_DUPFD, 20), EINVAL);
      int fds[2];
      CHECK_ERRNO(pipe(fds), EMFILE);
      // Open descriptors stay open.
      CHECK_EQ(fcntl(100, F_GETFD), 0);
    }
  }
  CHECK_EQ(ended(child), 0);
  CHECK(getrlimit(RLIMIT_NOFILE, &after) == 0 && after.rlim_cur == before.rlim_cur);
}

static void check_sizes(void) {
  char block[3000] = "";
  CHECK_IN_CHILD {
    limit(RLIMIT_FSIZE, 5000);
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK_EQ(write(fd, block, 3000), 3000);
    CHECK_EQ(write(fd, block, 3000), 2000);
    CHECK_EQ(ended(CHILD(write(fd, block, 1))), 128 + SIGXFSZ);
    CHECK_EQ(ended(CHILD(ftruncate(fd, 5001))), 128 + SIGXFSZ);
    signal(SIGXFSZ, SIG_IGN);
    CHECK_ERRNO(write(fd, block, 1), EFBIG);
    CHECK_ERRNO(ftruncate(fd, 5001), EFBIG);
    CHECK_EQ(pwrite(fd, block, 10, 4000), 10);
  }
  CHECK_IN_CHILD {
    limit(RLIMIT_AS, 64 << 20);
    CHECK_ERRNO(mmap(0, 100 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    CHECK(mmap(0, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    CHECK_EQ(ended(CHILD(_exit(5))), 5);
  }
  // A signal with a value needs room of the user's; one without is sent all the same.
  CHECK_IN_CHILD {
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, SIGRTMIN), sigprocmask(SIG_BLOCK, &set, 0);
    limit(RLIMIT_SIGPENDING, 0);
    CHECK_ERRNO(sigqueue(getpid(), SIGRTMIN, (union sigval){0}), EAGAIN);
    CHECK_EQ(kill(getpid(), SIGRTMIN), 0);
    CHECK(sigpending(&set) == 0 && sigismember(&set, SIGRTMIN));
  }
}

// After a second of processor time comes the signal, again after each second, and at the hard limit the end.
static volatile int warnings;
static void warn(int number) { warnings += number == SIGXCPU; }

static void check_time(void) {
  pid_t child;
  CHECK_EQ(ended(CHILD((limit(RLIMIT_CORE, 0), raise(SIGXCPU)))), 128 + SIGXCPU);
  IN_CHILD(child) {
    CHECK_EQ(setrlimit(RLIMIT_CPU, &(struct rlimit){1, 2}), 0);
    signal(SIGXCPU, warn);
    while (!warnings) continue;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    long ms = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
    // Linux counts in whole ticks here: on a busy machine some of them are other processes'.
    if (ms < 500 || ms > 3000) fail(__FILE__, __LINE__, "a second was used", ms, 0);
    if (failures) _exit(1);
    for (;;) continue;
  }
  CHECK_EQ(ended(child), 128 + SIGKILL);
}

static void check_prlimit(void) {
  struct gate go = new_gate(), done = new_gate();
  struct rlimit old, new = {30, 40}, own;
  char path[64], text[4096];
  pid_t child;
  IN_CHILD(child) {
    pass_gate(go);
    CHECK(getrlimit(RLIMIT_NOFILE, &own) == 0 && own.rlim_cur == 30 && own.rlim_max == 40);
    if (!is_root()) CHECK_ERRNO(prlimit(0, RLIMIT_NOFILE, &(struct rlimit){30, 41}, 0), EPERM);
    CHECK_ERRNO(fcntl(0, F_DUPFD, 35), EINVAL);
    limit(RLIMIT_NOFILE, 40);
    CHECK_EQ(fcntl(0, F_DUPFD, 35), 35);
    open_gate(done), pass_gate(go);
  }
  CHECK_EQ(getrlimit(RLIMIT_NOFILE, &own), 0);
  CHECK_EQ(prlimit(child, RLIMIT_NOFILE, &new, &old), 0);
  CHECK(old.rlim_cur == own.rlim_cur && old.rlim_max == own.rlim_max);
  snprintf(path, sizeof(path), "/proc/%d/limits", child);
  CHECK(read_file(path, text, sizeof(text)) > 0);
  const char *line = strstr(text, "Max open files");
  int soft = 0, hard = 0;
  CHECK(line && sscanf(line, "Max open files %d %d", &soft, &hard) == 2 && soft == 30 && hard == 40);
  open_gate(go), pass_gate(done);
  CHECK(prlimit(child, RLIMIT_NOFILE, 0, &old) == 0 && old.rlim_cur == 40);
  CHECK_ERRNO(prlimit(child, RLIMIT_NOFILE, &(struct rlimit){50, 40}, 0), EINVAL);
  CHECK_ERRNO(prlimit(child, 99, 0, &old), EINVAL);
  CHECK_ERRNO(prlimit(0x3fffffff, RLIMIT_NOFILE, 0, &old), ESRCH);
  CHECK_ERRNO(prlimit(child, RLIMIT_NOFILE, (void *)8, 0), EFAULT);
  if (is_root()) CHECK_IN_CHILD {
      pid_t root = getppid();
      become_lone_user();
      CHECK_ERRNO(prlimit(root, RLIMIT_NOFILE, 0, &old), EPERM);
    }
  open_gate(go);
  CHECK_EQ(ended(child), 0);
  remove_gate(go), remove_gate(done);
}

int main(void) {
  limit_time();
  enter_scratch();
  check_process_count();
  check_descriptors();
  check_sizes();
  check_time();
  check_prlimit();
  return finish();
}
