// sort.c: nanoseconds to sort COUNT random doubles, and their median.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "batches.h"

int main(int argc, char **argv) {
  size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
  double *values = malloc(count * sizeof(values[0]));
  uint64_t seed = 88172645463325252ull;
  for (size_t i = 0; i < count; i++) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    values[i] = (double)(seed >> 11);
  }
  double start = now_ns();
  qsort(values, count, sizeof(values[0]), compare_doubles);
  double taken = now_ns() - start;
  printf("%.0f %.0f\n", taken, values[count / 2]);
  return 0;
}
