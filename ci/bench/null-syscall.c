// null-syscall.c: nanoseconds a getppid, the median of batches. Arguments: [MILLISECONDS].
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "batches.h"

enum { BATCH_CALLS = 100 };

static void call(void *context, int calls) {
  (void)context;
  while (calls-- > 0) syscall(SYS_getppid);
}

int main(int argc, char **argv) {
  int milliseconds = argc > 1 ? atoi(argv[1]) : 1000;
  printf("%.1f\n", median_batch_ns(call, NULL, BATCH_CALLS, milliseconds) / BATCH_CALLS);
  return 0;
}
