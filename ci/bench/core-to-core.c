// core-to-core.c: nanoseconds for a word to go to a thread on another CPU and back: the floor of every call that another thread
// answers. The median of batches. Argument: MILLISECONDS.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "batches.h"

enum { ROUND_TRIPS = 1000, STOP = -1 };

static _Alignas(64) atomic_long asked;
static _Alignas(64) atomic_long answered;

static int run_on(int nth) {
  cpu_set_t allowed, one;
  CPU_ZERO(&one);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &allowed) || nth-- > 0) continue;
    CPU_SET(cpu, &one);
    return sched_setaffinity(0, sizeof(one), &one) == 0;
  }
  return 0;
}

static void *answer(void *nothing) {
  long last = 0;
  for (;;) {
    long now = atomic_load_explicit(&asked, memory_order_acquire);
    if (now == STOP) return nothing;
    if (now == last) continue;
    atomic_store_explicit(&answered, now, memory_order_release);
    last = now;
  }
}

static void ask(void *context, int calls) {
  static long next;
  while (calls-- > 0) {
    atomic_store_explicit(&asked, ++next, memory_order_release);
    while (atomic_load_explicit(&answered, memory_order_acquire) != next) continue;
  }
}

static void *answer_elsewhere(void *nothing) { return run_on(1) ? answer(nothing) : NULL; }

int main(int argc, char **argv) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || CPU_COUNT(&allowed) < 2) {
    fprintf(stderr, "core-to-core: this needs two CPUs\n");
    return 2;
  }
  pthread_t other;
  // Before this thread is bound to one CPU: the other would inherit that.
  if (pthread_create(&other, NULL, answer_elsewhere, NULL) != 0 || !run_on(0)) return 1;
  double ns = median_batch_ns(ask, NULL, ROUND_TRIPS, argc > 1 ? atoi(argv[1]) : 1000);
  atomic_store(&asked, STOP);
  pthread_join(other, NULL);
  printf("%.1f\n", ns / ROUND_TRIPS);
  return 0;
}
