// null-trap.c: nanoseconds a getppid, the median of batches, with the bare instruction in a loop: what kvm-floor.c's program does,
// so that libc's pages, which a guest translates again after each exit, do not count. Arguments: [MILLISECONDS].
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "batches.h"

enum { BATCH_CALLS = 100 };

static inline void trap(void) {
#if defined(__x86_64__)
  long result = SYS_getppid;
  __asm__ volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
#else
  register long number __asm__("x8") = SYS_getppid;
  register long result __asm__("x0");
  __asm__ volatile("svc #0" : "=r"(result) : "r"(number) : "memory");
#endif
}

static void call(void *context, int calls) {
  (void)context;
  while (calls-- > 0) trap();
}

int main(int argc, char **argv) {
  int milliseconds = argc > 1 ? atoi(argv[1]) : 1000;
  printf("%.1f\n", median_batch_ns(call, NULL, BATCH_CALLS, milliseconds) / BATCH_CALLS);
  return 0;
}
