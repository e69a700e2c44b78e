// usage.c PROGRAM [ARG...]: runs it without output and prints what it took: wall nanoseconds, peak resident KiB, wait status.
// Small itself, because a process's peak starts at that of the process that forked it (getrusage(2), ru_maxrss).
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "batches.h"

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  double start = now_ns();
  pid_t child = fork();
  if (child == 0) {
    dup2(open("/dev/null", O_WRONLY), 1);
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  int status = 0;
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) != child) return 1;
  printf("%.0f %ld %d\n", now_ns() - start, usage.ru_maxrss, status);
  return 0;
}
