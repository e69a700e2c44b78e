// proc-processes: what /proc says about other processes, threads, dead processes and ones that are gone. man 5 proc.
// not in CI's beds: emulation makes it slow
#include <dirent.h>

#include "threads.h"

static char text[65536];

// Reads /proc/PID/NAME into `text`; returns its length or -1.
static ssize_t read_of(pid_t pid, const char *name) {
  char path[128];
  snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
  return read_file(path, text, sizeof(text));
}

static ssize_t link_of(pid_t pid, const char *name) {
  char path[128];
  snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
  ssize_t length = readlink(path, text, sizeof(text) - 1);
  if (length >= 0) text[length] = 0;
  return length;
}

// The number after a field's name in /proc/PID/status, -1 if there is no such field.
static long status_of(pid_t pid, const char *field) {
  char wanted[64], *at;
  snprintf(wanted, sizeof(wanted), "\n%s:\t", field);
  if (read_of(pid, "status") <= 0 || !(at = strstr(text, wanted))) return -1;
  return strtol(at + strlen(wanted), 0, 10);
}

// Field n of /proc/PID/stat, counted from 1 as in man 5 proc; from 3 on.
static long stat_of(pid_t pid, int n) {
  char *at;
  if (read_of(pid, "stat") <= 0 || !(at = strrchr(text, ')'))) return -1;
  for (at++; n > 3; n--) at = strchr(at + 1, ' ');
  return strtol(at, 0, 10);
}

static int count_entries(const char *format, pid_t pid, pid_t wanted) {
  char path[128];
  int count = 0, found = 0;
  snprintf(path, sizeof(path), format, pid);
  DIR *directory = opendir(path);
  if (!directory) return -1;
  for (struct dirent *entry; (entry = readdir(directory));) {
    count += entry->d_name[0] != '.';
    found += atoi(entry->d_name) == wanted;
  }
  closedir(directory);
  return wanted ? found : count;
}

static void check_alive(void) {
  struct gate ready = new_gate();
  char self[4096] = "";
  pid_t child;
  REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  long before = stat_of(getpid(), 22);
  IN_CHILD(child) {
    sigset_t set;
    setpgid(0, 0);
    prctl(PR_SET_NAME, "a b) (c");
    sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGRTMIN), sigprocmask(SIG_BLOCK, &set, 0);
    signal(SIGUSR2, SIG_IGN), raise(SIGUSR1);
    open_gate(ready);
    for (;;) pause();
  }
  pass_gate(ready);
  CHECK(EVENTUALLY(state_of(child) == 'S'));
  CHECK(read_of(child, "comm") == 8 && strcmp(text, "a b) (c\n") == 0);
  CHECK(read_of(child, "stat") > 0 && strstr(text, " (a b) (c) S "));
  CHECK_EQ(strtol(text, 0, 10), child);
  CHECK_EQ(stat_of(child, 4), getpid());
  CHECK_EQ(stat_of(child, 5), child);
  CHECK_EQ(stat_of(child, 6), getsid(0));
  CHECK_EQ(stat_of(child, 20), 1);
  CHECK(stat_of(child, 22) >= before);
  CHECK_EQ(status_of(child, "Pid"), child);
  CHECK_EQ(status_of(child, "Tgid"), child);
  CHECK_EQ(status_of(child, "PPid"), getpid());
  CHECK_EQ(status_of(child, "Threads"), 1);
  CHECK_EQ(status_of(child, "Uid"), getuid());
  CHECK(status_of(child, "VmSize") > 0 && status_of(child, "VmRSS") > 0);
  CHECK(strstr(text, "Name:\ta b) (c\n") == text && strstr(text, "\nState:\tS (sleeping)\n"));
  CHECK(strstr(text, "\nSigBlk:\t0000000200000200\n") && strstr(text, "\nShdPnd:\t") && strstr(text, "\nSigPnd:\t0000000000000200\n"));
  char *ignored = strstr(text, "\nSigIgn:\t");
  CHECK(ignored && strtoul(ignored + 9, 0, 16) & 1 << (SIGUSR2 - 1));
  CHECK(link_of(child, "exe") > 0 && strcmp(text, self) == 0);
  CHECK(link_of(child, "cwd") > 0 && strcmp(text, scratch_path) == 0);
  CHECK(link_of(child, "root") == 1 && text[0] == '/');
  CHECK(read_of(child, "maps") > 0 && strstr(text, "[stack]"));
  CHECK_EQ(count_entries("/proc/%d/task", child, 0), 1);
  CHECK_EQ(count_entries("/proc/%d/task", child, child), 1);
  CHECK_EQ(count_entries("/proc", 0, child), 1);
  char path[64];
  snprintf(path, sizeof(path), "task/%d/children", getpid());
  if (read_of(getpid(), path) >= 0) CHECK_EQ(strtol(text, 0, 10), child);
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
  remove_gate(ready);
}

// Arguments and environment are those of the running program, as it may have changed them.
static void check_arguments(const char *self) {
  char *words[] = {"name", "one", "", "three", 0}, *variables[] = {"MODE=pause", "B=2", 0};
  pid_t child = vfork();
  if (child == 0) execve(self, words, variables), _exit(99);
  // The parent of a vfork goes on before the new program has its arguments in place.
  CHECK(EVENTUALLY(read_of(child, "cmdline") == 16));
  CHECK(memcmp(text, "name\0one\0\0three", 16) == 0);
  CHECK_EQ(read_of(child, "environ"), 15);
  CHECK(memcmp(text, "MODE=pause\0B=2", 15) == 0);
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
}

static void check_descriptors(void) {
  struct gate ready = new_gate();
  char path[64], letters[8] = "";
  pid_t child;
  write_file("letters", "abcdef", 6);
  IN_CHILD(child) {
    CHECK_EQ(dup2(open("letters", O_RDWR), 77), 77);
    CHECK_EQ(read(77, letters, 2), 2);
    CHECK_EQ(dup2(ready.fds[1], 78), 78);
    open_gate(ready);
    for (;;) pause();
  }
  pass_gate(ready);
  CHECK(link_of(child, "fd/77") > 0 && strcmp(strrchr(text, '/'), "/letters") == 0);
  CHECK(link_of(child, "fd/78") > 0 && strncmp(text, "pipe:[", 6) == 0);
  CHECK_ERRNO(link_of(child, "fd/79"), ENOENT);
  CHECK_EQ(count_entries("/proc/%d/fd", child, 77), 1);
  CHECK(read_of(child, "fdinfo/77") > 0 && strncmp(text, "pos:\t2\n", 7) == 0);
  // Opening it opens the file anew, from its start; for a pipe it opens another end of the same pipe.
  snprintf(path, sizeof(path), "/proc/%d/fd/77", child);
  int fd = open(path, O_RDONLY);
  CHECK_EQ(read(fd, letters, 7), 6);
  CHECK(memcmp(letters, "abcdef", 6) == 0);
  close(fd);
  snprintf(path, sizeof(path), "/proc/%d/fd/78", child);
  fd = open(path, O_WRONLY);
  CHECK_EQ(write(fd, "!", 1), 1);
  CHECK(read(ready.fds[0], letters, 1) == 1 && letters[0] == '!');
  close(fd);
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
  remove_gate(ready);
}

static void check_zombie(void) {
  char path[64];
  siginfo_t info;
  pid_t child = CHILD(_exit(5));
  CHECK_EQ(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
  CHECK_EQ(state_of(child), 'Z');
  CHECK(read_of(child, "status") > 0 && strstr(text, "\nState:\tZ (zombie)\n") && !strstr(text, "VmSize"));
  CHECK_EQ(status_of(child, "PPid"), getpid());
  CHECK_EQ(read_of(child, "cmdline"), 0);
  CHECK_EQ(read_of(child, "maps"), 0);
  CHECK(read_of(child, "comm") > 0);
  CHECK_ERRNO(link_of(child, "exe"), ENOENT);
  CHECK_EQ(count_entries("/proc", 0, child), 1);
  snprintf(path, sizeof(path), "/proc/%d", child);
  int directory = open(path, O_RDONLY | O_DIRECTORY), file = openat(directory, "stat", O_RDONLY);
  CHECK(directory >= 0 && file >= 0);
  CHECK_EQ(ended(child), 5);
  CHECK_ERRNO(access(path, F_OK), ENOENT);
  CHECK_EQ(count_entries("/proc", 0, child), 0);
  CHECK(openat(directory, "stat", O_RDONLY) == -1 && (errno == ESRCH || errno == ENOENT));
  CHECK_ERRNO(read(file, text, 10), ESRCH);
  close(directory), close(file);
}

static void *name_and_wait(void *done) {
  char path[64];
  pid_t tid = gettid();
  pthread_setname_np(pthread_self(), "second");
  snprintf(path, sizeof(path), "%d/task/%d", getpid(), tid);
  CHECK(readlink("/proc/thread-self", text, sizeof(text)) == (ssize_t)strlen(path) && strncmp(text, path, strlen(path)) == 0);
  __atomic_store_n((pid_t *)done, tid, __ATOMIC_SEQ_CST);
  while (__atomic_load_n((pid_t *)done, __ATOMIC_SEQ_CST)) sleep_ms(1);
  return 0;
}

static void check_threads(void) {
  static pid_t tid;
  char path[64];
  pthread_t thread = start(name_and_wait, &tid);
  CHECK(EVENTUALLY(__atomic_load_n(&tid, __ATOMIC_SEQ_CST) != 0));
  CHECK_EQ(count_entries("/proc/%d/task", getpid(), 0), 2);
  CHECK_EQ(count_entries("/proc/%d/task", getpid(), tid), 1);
  CHECK_EQ(status_of(getpid(), "Threads"), 2);
  CHECK_EQ(stat_of(getpid(), 20), 2);
  snprintf(path, sizeof(path), "task/%d/comm", tid);
  CHECK(read_of(getpid(), path) > 0 && strcmp(text, "second\n") == 0);
  CHECK(read_of(getpid(), "comm") > 0 && strncmp(text, "proc-processes", 14) == 0);
  // A thread has a directory that no listing shows.
  CHECK_EQ(count_entries("/proc", 0, tid), 0);
  CHECK_EQ(status_of(tid, "Pid"), tid);
  CHECK_EQ(status_of(tid, "Tgid"), getpid());
  write_file("/proc/self/comm", "renamed", 7);
  CHECK(read_of(getpid(), "comm") > 0 && strcmp(text, "renamed\n") == 0);
  __atomic_store_n(&tid, 0, __ATOMIC_SEQ_CST);
  join(thread);
  CHECK(EVENTUALLY(count_entries("/proc/%d/task", getpid(), 0) == 1));
}

int main(void) {
  char self[4096] = "";
  if (getenv("MODE")) return pause();
  limit_time();
  REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  enter_scratch();
  check_alive();
  check_arguments(self);
  check_descriptors();
  check_zombie();
  check_threads();
  return finish();
}
