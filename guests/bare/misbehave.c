// misbehave HOW: does something that ends a run with an error: mmio, mmio-write, spin, vectors, and what the architecture adds.

#include "misbehave.h"

#include "machine.h"

int is(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) a++, b++;
  return *a == *b;
}

static volatile unsigned *const nowhere = (volatile unsigned *)NOWHERE;

int main(unsigned long argc, char **argv) {
  if (argc != 1) return 2;
  if (is(argv[0], "mmio")) return (int)*nowhere;
  if (is(argv[0], "mmio-write")) *nowhere = 0x1234;
  if (is(argv[0], "spin")) {
    for (;;) continue;
  }
  misbehave_here(argv[0]);
  if (is(argv[0], "vectors")) return (int)*nowhere;
  return 3;
}
