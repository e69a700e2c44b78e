// misbehave HOW: does what ends a run with an error: port, port-read, wide, mmio, mmio-write, fault, halt, spin.

#include "machine.h"

static int is(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) a++, b++;
  return *a == *b;
}

// arch/: each does one of them.
void touch_unknown_port(void);
void read_unknown_port(void);
void access_serial_wide(void);
void fault_without_handler(void);
void halt(void);

static volatile unsigned *const nowhere = (volatile unsigned *)0xd0000000;

int main(unsigned long argc, char **argv) {
  if (argc != 1) return 2;
  if (is(argv[0], "port")) touch_unknown_port();
  if (is(argv[0], "port-read")) read_unknown_port();
  if (is(argv[0], "wide")) access_serial_wide();
  if (is(argv[0], "mmio")) return (int)*nowhere;
  if (is(argv[0], "mmio-write")) *nowhere = 0x1234;
  if (is(argv[0], "fault")) fault_without_handler();
  if (is(argv[0], "halt")) halt();
  if (is(argv[0], "spin")) {
    for (;;) continue;
  }
  return 3;
}
