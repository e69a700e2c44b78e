// sort.c: nanoseconds to sort COUNT random doubles, and their median. In memory that was touched before: glibc's qsort briefly
// takes as much again, and new memory is what first-touch.c measures.
#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "batches.h"

static void fill(double *values, size_t count) {
  uint64_t seed = 88172645463325252ull;
  for (size_t i = 0; i < count; i++) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    values[i] = (double)(seed >> 11);
  }
}

int main(int argc, char **argv) {
  size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
  // Freed memory stays in the heap, for the second sort.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  double *values = malloc(count * sizeof(values[0]));
  if (!values) return 1;
  fill(values, count);
  qsort(values, count, sizeof(values[0]), compare_doubles);

  fill(values, count);
  double start = now_ns();
  qsort(values, count, sizeof(values[0]), compare_doubles);
  double taken = now_ns() - start;
  printf("%.0f %.0f\n", taken, values[count / 2]);
  return 0;
}
