// processes.h: shared by guests of several processes: children that check, how they ended, meeting points that time out.
#pragma once

#include <poll.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

#define LONGEST_S 60

UNUSED static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static long long late_ns;

// SIGALRM ends a process that hangs. No child inherits an alarm; CHILD sets one of its own.
UNUSED static void limit_time(void) {
  alarm(LONGEST_S);
  late_ns = now_ns() + LONGEST_S / 4 * 1000000000ll;
}

// Has a quarter of the time passed? Then the machine is slow, and repeated work has been repeated often enough.
UNUSED static bool is_late(void) { return now_ns() > late_ns; }

UNUSED static pid_t start_child(void) {
  pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) limit_time(), failures = 0;
  return pid;
}

// IN_CHILD(pid) { … }: a child runs the block, and its status is 0 if no check in there fails.
#define IN_CHILD(pid) for (pid = start_child(); pid == 0; _exit(finish()))

// A child that does only this.
#define CHILD(statement) \
  ({ \
    pid_t forked_; \
    IN_CHILD(forked_) { \
      statement; \
    } \
    forked_; \
  })

// How a child ended: its exit status, or 128 + the signal's number; -1 if there is none to wait for.
UNUSED static int ended(pid_t pid) {
  int status;
  if (TEMP_FAILURE_RETRY(waitpid(pid, &status, __WALL)) < 0) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

UNUSED static bool fails_child(pid_t pid, int line) {
  int status = ended(pid);
  if (status != 0) fail("child", line, "passes", status, 0);
  return false;
}

// CHECK_IN_CHILD { … }: as IN_CHILD; waits for the child, which must pass.
#define CHECK_IN_CHILD for (pid_t pid_ = start_child(); pid_ == 0 || fails_child(pid_, __LINE__); _exit(finish()))

UNUSED static void sleep_ms(long ms) {
  struct timespec left = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&left, &left) < 0 && errno == EINTR) continue;
}

// root becomes a user without other processes: no two guests that run at once get the same one.
UNUSED static void become_lone_user(void) {
  unsigned id = 20000 + (unsigned)getpid() % 40000;
  REQUIRE(setresgid(id, id, id) == 0 && setresuid(id, id, id) == 0);
}

// Does it hold within half a minute? For what another process or thread does in its own time: where a system call takes
// milliseconds, a fork and what belongs to it take a fifth of a second.
#define EVENTUALLY(expr) \
  ({ \
    long long until_ = now_ns() + 30000000000ll; \
    bool holds_; \
    while (!(holds_ = (expr)) && now_ns() < until_) sleep_ms(1); \
    holds_; \
  })

// A gate is a pipe: opening it lets one process pass. It works in one direction: its opener could pass it itself.
struct gate {
  int fds[2];
};

UNUSED static struct gate new_gate(void) {
  struct gate gate;
  REQUIRE(pipe(gate.fds) == 0);
  return gate;
}

UNUSED static void open_gate(struct gate gate) { CHECK_EQ(write(gate.fds[1], "", 1), 1); }

UNUSED static void pass_gate(struct gate gate) {
  char byte;
  CHECK_EQ(TEMP_FAILURE_RETRY(read(gate.fds[0], &byte, 1)), 1);
}

UNUSED static void remove_gate(struct gate gate) { close(gate.fds[0]), close(gate.fds[1]); }

// Memory that this process shares with its future children.
UNUSED static void *shared_memory(size_t length) {
  void *memory = mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  return memory;
}

// The state letter in a stat file of /proc (man 5 proc), 0 if there is none.
UNUSED static char state_in(const char *path) {
  char text[512], *end;
  if (read_file(path, text, sizeof(text)) <= 0 || !(end = strrchr(text, ')'))) return 0;
  return end[2];
}

UNUSED static char state_of(pid_t pid) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  return state_in(path);
}
