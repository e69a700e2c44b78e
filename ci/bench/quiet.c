// quiet.c sleep|compute SECONDS: prints "begin", makes no system call for that long (but one sleep), prints "end".
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batches.h"

enum { SETTLE_US = 300000 };

static void say(const char *line) {
  if (write(1, line, strlen(line)) < 0) exit(1);
}

static void compute(double seconds) {
  volatile unsigned long sum = 0;
  double end = now_ns() + seconds * 1e9;
  while (now_ns() < end) {
    for (int i = 0; i < 1000000; i++) sum += i;
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  double seconds = atof(argv[2]);
  usleep(SETTLE_US);
  say("begin\n");
  if (strcmp(argv[1], "sleep") == 0) {
    usleep(seconds * 1e6);
  } else {
    compute(seconds);
  }
  say("end\n");
  return 0;
}
