// ptrace-tracers.c: which threads should trace programs that run in parallel: one thread all of them, or one thread each. By hand:
// gcc -O2 -pthread ptrace-tracers.c && ./a.out [SECONDS]. Prints nanoseconds a stop, over all tracees, for each way.
//
// One thread answers all stops, as the sentry's does. Either it also traces, and waits for any; or each tracee has a tracer, which hands
// each stop over to the answering thread and sleeps on a futex until the answer is there. Tracees call getppid for ever, or compute
// for a while between two calls. "home": all on one processor; "spread": each tracee, with its tracer, on another.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SYSEMU = 31, MAX_TRACEES = 8 };

static double seconds = 1;
static atomic_int ending;

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

static long check(long result, const char *call) {
  if (result >= 0) return result;
  fprintf(stderr, "ptrace-tracers: %s: %s\n", call, strerror(errno));
  exit(1);
}

static void pin(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor % sysconf(_SC_NPROCESSORS_ONLN), &set);
  check(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

static pid_t start(int processor, int spins) {
  pid_t child = check(fork(), "fork");
  if (child == 0) {
    pin(processor);
    check(ptrace(PTRACE_TRACEME, 0, 0, 0), "PTRACE_TRACEME");
    kill(getpid(), SIGSTOP);
    for (;;) {
      for (volatile int i = 0; i < spins; i++) {
      }
      syscall(SYS_getppid);
    }
  }
  int status;
  check(waitpid(child, &status, 0), "waitpid");
  check(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL),
        "PTRACE_SETOPTIONS");
  return child;
}

// The answer: as much of it as hv does through ptrace(2).
static void answer(pid_t child) {
  struct {
    unsigned long words[64];
  } registers;
#if defined(__x86_64__)
  check(ptrace(PTRACE_GETREGS, child, 0, &registers), "PTRACE_GETREGS");
  check(ptrace(PTRACE_POKEUSER, child, 10 * 8, 1234), "PTRACE_POKEUSER");
#else
  (void)registers;
#endif
  check(ptrace((enum __ptrace_request)SYSEMU, child, 0, 0), "PTRACE_SYSEMU");
}

static double one_traces(int tracees, int is_spread, int spins) {
  pin(0);
  pid_t children[MAX_TRACEES];
  for (int i = 0; i < tracees; i++) children[i] = start(is_spread ? i : 0, spins);
  for (int i = 0; i < tracees; i++) answer(children[i]);
  double begin = now_ns();
  long stops = 0;
  while (now_ns() - begin < seconds * 1e9) {
    for (int i = 0; i < 50; i++, stops++) {
      int status;
      answer(check(waitpid(-1, &status, __WALL | __WNOTHREAD), "waitpid"));
    }
  }
  double each = (now_ns() - begin) / stops;
  for (int i = 0; i < tracees; i++) {
    kill(children[i], SIGKILL);
    waitpid(children[i], NULL, __WALL);
  }
  return each;
}

// A tracer's hand-over: `stopped` is 1 while it waits for the answer.
struct hand {
  _Alignas(64) atomic_int stopped;
  int processor, spins;
  pthread_t thread;
};
static struct hand hands[MAX_TRACEES];
// How many are stopped: the answering thread sleeps on it.
static atomic_int pending;

static void sleep_on(atomic_int *word, int value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}
static void wake(atomic_int *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *trace(void *argument) {
  struct hand *hand = argument;
  pin(hand->processor);
  pid_t child = start(hand->processor, hand->spins);
  while (!ending) {
    int status;
    answer(child);
    check(waitpid(child, &status, __WALL), "waitpid");
    hand->stopped = 1;
    atomic_fetch_add(&pending, 1);
    wake(&pending);
    while (hand->stopped && !ending) sleep_on(&hand->stopped, 1);
  }
  kill(child, SIGKILL);
  waitpid(child, NULL, __WALL);
  return NULL;
}

static double each_traces(int tracees, int is_spread, int spins) {
  pin(0);
  ending = pending = 0;
  for (int i = 0; i < tracees; i++) {
    hands[i] = (struct hand){.processor = is_spread ? i : 0, .spins = spins};
    pthread_create(&hands[i].thread, NULL, trace, &hands[i]);
  }
  double begin = now_ns();
  long stops = 0;
  while (now_ns() - begin < seconds * 1e9) {
    if (pending == 0) {
      sleep_on(&pending, 0);
      continue;
    }
    for (int i = 0; i < tracees; i++) {
      if (!hands[i].stopped) continue;
      atomic_fetch_sub(&pending, 1);
      hands[i].stopped = 0;
      wake(&hands[i].stopped);
      stops++;
    }
  }
  double each = (now_ns() - begin) / stops;
  ending = 1;
  for (int i = 0; i < tracees; i++) {
    hands[i].stopped = 0;
    wake(&hands[i].stopped);
    pthread_join(hands[i].thread, NULL);
  }
  return each;
}

int main(int argc, char **argv) {
  if (argc > 1) seconds = atof(argv[1]);
  const int spins[] = {0, 20000};
  for (int s = 0; s < 2; s++) {
    for (int tracees = 1; tracees <= 2; tracees++) {
      for (int is_spread = 0; is_spread <= (tracees > 1); is_spread++) {
        double one = one_traces(tracees, is_spread, spins[s]);
        double each = each_traces(tracees, is_spread, spins[s]);
        printf("%s, %d tracee%s, %s: one thread traces %.0f ns, a thread each %.0f ns\n",
               spins[s] ? "computing" : "calling", tracees, tracees > 1 ? "s" : "",
               is_spread ? "spread" : "home", one, each);
      }
    }
  }
  return 0;
}
