// ill: an undefined instruction. man 7 signal.
// status: 132
#include "arch.h"

int main(void) {
  __asm__ volatile(UNDEFINED);
  return 0;
}
