// first-touch.c: nanoseconds to write one byte to each page of MEBIBYTES of new memory.
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "batches.h"

enum { PAGE = 4096 };

int main(int argc, char **argv) {
  size_t size = (size_t)(argc > 1 ? atoi(argv[1]) : 256) << 20;
  volatile char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  double start = now_ns();
  for (size_t at = 0; at < size; at += PAGE) memory[at] = 1;
  printf("%.0f\n", now_ns() - start);
  return 0;
}
