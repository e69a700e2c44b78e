// batches.h: the median time of a batch of calls, so that an interruption of a few batches does not count.
#pragma once

#include <stdlib.h>
#include <time.h>

enum { MAX_BATCHES = 100000 };

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

static inline int compare_doubles(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

// Batches of `calls` until `milliseconds` have passed; at least one. Nanoseconds a batch, without its preparation.
static inline double median_prepared_batch_ns(void (*prepare)(void), void (*batch)(void *, int),
                                              void *context, int calls, int milliseconds) {
  static double times[MAX_BATCHES];
  int count = 0;
  double end = now_ns() + milliseconds * 1e6;
  for (double start = now_ns(); count == 0 || (start < end && count < MAX_BATCHES); count++) {
    if (prepare) {
      prepare();
      start = now_ns();
    }
    batch(context, calls);
    double stop = now_ns();
    times[count] = stop - start;
    start = stop;
  }
  qsort(times, count, sizeof(times[0]), compare_doubles);
  return times[count / 2];
}

static inline double median_batch_ns(void (*batch)(void *, int), void *context, int calls,
                                     int milliseconds) {
  return median_prepared_batch_ns(NULL, batch, context, calls, milliseconds);
}
