// processes.c: nanoseconds of what programs do with processes and threads, the median of single operations, for comparing hv,
// other sandboxes and native. Arguments: NAME MILLISECONDS, or `spawn` MILLISECONDS PROGRAM [ARG...].
//
// One operation takes long enough that reading the clock, itself a system call in a sandbox, hardly counts.
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "batches.h"

// SPINS takes some 200 ms, so that the start of a thread does not count.
enum { ROUND_TRIPS = 50, SPINS = 200000000, RESIDENT = 1 << 30, PAGE = 4096 };

static void must(int holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(1);
}

static void wait_for(pid_t child) {
  int status = 0;
  must(child > 0, "fork");
  must(waitpid(child, &status, 0) == child, "waitpid");
  must(status == 0, "the child's status");
}

static void fork_and_wait(void *context, int calls) {
  while (calls-- > 0) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    wait_for(child);
  }
}

static void spawn(void *context, int calls) {
  char **arguments = context;
  while (calls-- > 0) {
    pid_t child = fork();
    if (child == 0) {
      dup2(open("/dev/null", O_WRONLY), 1);
      execvp(arguments[0], arguments);
      _exit(127);
    }
    wait_for(child);
  }
}

static void *return_at_once(void *nothing) { return nothing; }

static void start_thread(pthread_t *thread, void *(*run)(void *), void *context) {
  must(pthread_create(thread, NULL, run, context) == 0, "pthread_create");
}

static void create_and_join(void *context, int calls) {
  while (calls-- > 0) {
    pthread_t thread;
    start_thread(&thread, return_at_once, NULL);
    must(pthread_join(thread, NULL) == 0, "pthread_join");
  }
}

// Two processes, each of which waits for the other's byte.
static int to_child[2], to_parent[2];

static void echo_bytes(void) {
  char byte;
  close(to_child[1]);
  while (read(to_child[0], &byte, 1) == 1) must(write(to_parent[1], &byte, 1) == 1, "write");
  _exit(0);
}

static void fork_echo(void) {
  pid_t child = fork();
  must(child >= 0, "fork");
  if (child == 0) echo_bytes();
}

static void start_echo(void) {
  must(pipe(to_child) == 0 && pipe(to_parent) == 0, "pipe");
  fork_echo();
}

static void start_socket_echo(void) {
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, to_child) == 0, "socketpair");
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, to_parent) == 0, "socketpair");
  fork_echo();
}

static void byte_round_trips(void *context, int calls) {
  char byte = 1;
  while (calls-- > 0) {
    must(write(to_child[1], &byte, 1) == 1, "write");
    must(read(to_parent[0], &byte, 1) == 1, "read");
  }
}

// Two threads: one has its turn while the word is even, the other while it is odd.
static _Atomic uint32_t turn;

static void await_turn(uint32_t parity) {
  for (uint32_t seen; (seen = turn) % 2 != parity;)
    syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, seen, NULL);
}

static void pass_turn(void) {
  turn++;
  syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1);
}

static void *answer_turns(void *nothing) {
  for (;;) {
    await_turn(1);
    pass_turn();
  }
  return nothing;
}

static void start_answers(void) {
  pthread_t thread;
  start_thread(&thread, answer_turns, NULL);
}

static void futex_round_trips(void *context, int calls) {
  while (calls-- > 0) {
    pass_turn();
    await_turn(0);
  }
}

static void *spin(void *spins) {
  for (volatile intptr_t left = (intptr_t)spins; left > 0; left--) continue;
  return NULL;
}

static void spin_in_one(void *context, int calls) { spin((void *)(intptr_t)SPINS); }

// The same work, halved.
static void spin_in_two(void *context, int calls) {
  pthread_t other;
  start_thread(&other, spin, (void *)(intptr_t)(SPINS / 2));
  spin((void *)(intptr_t)(SPINS / 2));
  must(pthread_join(other, NULL) == 0, "pthread_join");
}

static void become_large(void) {
  char *memory =
      mmap(NULL, RESIDENT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(memory != MAP_FAILED, "mmap");
  for (size_t at = 0; at < RESIDENT; at += PAGE) memory[at] = 1;
}

static void prepare_nothing(void) {}

static const struct operation {
  const char *name;
  void (*prepare)(void);
  void (*batch)(void *, int);
  int calls;
} operations[] = {
    {"fork-wait", prepare_nothing, fork_and_wait, 1},
    {"fork-wait-1GiB", become_large, fork_and_wait, 1},
    {"spawn", prepare_nothing, spawn, 1},
    {"thread", prepare_nothing, create_and_join, 1},
    {"pipe", start_echo, byte_round_trips, ROUND_TRIPS},
    {"socket", start_socket_echo, byte_round_trips, ROUND_TRIPS},
    {"futex", start_answers, futex_round_trips, ROUND_TRIPS},
    {"busy-one", prepare_nothing, spin_in_one, 1},
    {"busy-two", prepare_nothing, spin_in_two, 1},
};

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
    const struct operation *each = &operations[i];
    if (strcmp(each->name, argv[1]) != 0) continue;
    each->prepare();
    double ns = median_batch_ns(each->batch, argv + 3, each->calls, atoi(argv[2]));
    printf("%.0f\n", ns / each->calls);
    return 0;
  }
  fprintf(stderr, "processes: there is no %s\n", argv[1]);
  return 2;
}
