// basics: a program of musl libc: start-up, stdio, malloc, qsort, time and printf of floats. man 7 libc.
// stdout: 0 1 2 3 4 5 6 7 8 9 3.1416 hello
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int ascending(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

int main(void) {
  int *numbers = malloc(10 * sizeof(int));
  char *large = calloc(1, 4 << 20);
  if (!numbers || !large || large[(4 << 20) - 1]) return 1;
  for (int i = 0; i < 10; i++) numbers[i] = (i * 7 + 3) % 10;
  qsort(numbers, 10, sizeof(int), ascending);
  for (int i = 0; i < 10; i++) printf("%d ", numbers[i]);
  strcpy(large, "hello");
  printf("%.4f %s\n", 4 * atan(1), large);
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) || now.tv_sec < 0) return 2;
  free(large);
  free(numbers);
  return fflush(stdout) ? 3 : 0;
}
