// What gdb.test.ts and core.test.ts debug: a mode for each of their tests. Built without optimisation, statically, at fixed addresses.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile int counter, go = 1, spins[2], reads, asleep;
static double half = 0.5;
static int table[3] = {1, 2, 3};

static int twice(int x) {
  counter += x;
  return 2 * x;
}

static int steps(void) {
  int total = 0;
  for (int i = 1; i <= 3; i++) {
    total += twice(i);
  }
  half *= total;
  printf("total %d\n", total);
  return total;
}

/** Null until its page is mapped, where nothing was before. */
static int *place;

static int later(void) {
  int *page = (int *)0x7e0000000000;
  if (mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
      page)
    return 1;
  page[1] = 6;
  place = page + 1;
  *place += twice(2);
  return *place;
}

static void on_signal(int number) { counter += number; }

static int signals(void) {
  signal(SIGUSR1, on_signal);
  raise(SIGUSR1);
  raise(SIGUSR1);
  return counter;
}

static int spin(void) {
  while (go) counter++;
  puts("left");
  return 9;
}

static void *worker(void *which) {
  while (go) spins[(long)which]++;
  return 0;
}

static void *reader(void *buffer) {
  reads = 1;
  return (void *)read(0, buffer, 1);
}

static void gathered(void) {}

/** A timer whose signal comes in most lines of the loop, if each is stepped. */
static int ticks(void) {
  struct itimerval often = {{0, 2000}, {0, 2000}};
  int rounds = 0;
  signal(SIGALRM, on_signal);
  setitimer(ITIMER_REAL, &often, 0);
  while (go) {
    rounds++;
    for (int i = 0; i < 20; i++) spins[0]++;
  }
  return rounds;
}

static int threads(void) {
  pthread_t thread[3];
  char byte = 0;
  void *got;
  for (long i = 0; i < 2; i++) pthread_create(&thread[i], 0, worker, (void *)i);
  pthread_create(&thread[2], 0, reader, &byte);
  while (spins[0] == 0 || spins[1] == 0 || !reads) usleep(1000);
  usleep(100000);
  gathered();
  go = 0;
  for (int i = 0; i < 2; i++) pthread_join(thread[i], 0);
  pthread_join(thread[2], &got);
  printf("read %ld %c\n", (long)got, byte);
  return 5;
}

/** Two threads that write to one page, until killed. */
static int neighbours(void) {
  pthread_t thread;
  pthread_create(&thread, 0, worker, (void *)1);
  gathered();
  worker((void *)0);
  return 1;
}

static int ended(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

static int children(char *self) {
  char *again[] = {self, "leaf", 0}, *last[] = {self, "steps", 0};
  pid_t child = fork();
  if (child == 0) _exit(twice(1));
  int forked = ended(child);
  child = vfork();
  if (child == 0) _exit(twice(2));
  int borrowed = ended(child);
  if (posix_spawn(&child, self, 0, 0, again, environ) != 0) return 1;
  int spawned = ended(child);
  counter = 0;
  int own = twice(4);
  printf("children %d %d %d %d\n", forked, borrowed, spawned, own);
  fflush(stdout);
  execv(self, last);
  return 1;
}

static void *sleeper(void *nothing) {
  for (asleep = 1;;) pause();
  return nothing;
}

static void fall(int *where, int what) { *where = what; }

static int crash(void) {
  pthread_t thread;
  char *heap = strcpy(malloc(32), "on the heap");
  pthread_create(&thread, 0, sleeper, 0);
  table[1] = 22;
  while (!asleep) usleep(1000);
  usleep(100000);
  fall((int *)0x40, 42);
  return heap[0];
}

// Memory of which next to nothing is there, and pages that are mapped again and again.
static int sparse(void) {
  size_t huge = (size_t)1 << 45, step = huge / 1000, large = 32 << 20;
  char *memory =
      mmap(0, huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  char *shared = mmap(0, large, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || shared == MAP_FAILED) return 1;
  for (size_t at = 0; at < huge - step; at += step) memory[at] = 1;
  memset(shared, 1, large);
  for (int i = 0; i < 20; i++)
    if (mremap(shared, 0, large, MREMAP_MAYMOVE) == MAP_FAILED) return 1;
  abort();
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "steps";
  if (!strcmp(mode, "signals")) return signals();
  if (!strcmp(mode, "later")) return later();
  if (!strcmp(mode, "spin")) return spin();
  if (!strcmp(mode, "ticks")) return ticks();
  if (!strcmp(mode, "neighbours")) return neighbours();
  if (!strcmp(mode, "threads")) return threads();
  if (!strcmp(mode, "children")) return children(argv[0]);
  if (!strcmp(mode, "leaf")) return twice(3);
  if (!strcmp(mode, "crash")) return crash();
  if (!strcmp(mode, "sparse")) return sparse();
  return steps();
}
