// trap: a breakpoint without a debugger. man 7 signal.
// status: 133
#include "arch.h"

int main(void) {
  __asm__ volatile(BREAKPOINT);
  return 0;
}
