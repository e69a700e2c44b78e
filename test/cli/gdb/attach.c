// What attach.test.ts attaches to: a loop of calls that hv patches, and threads, until a debugger says that it is over.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int go = 1;
static volatile long count, waits;
static char text[] = "as it was";

static void tick(int file) {
  if (write(file, text, 1) == 1 && getppid() >= 0) count++;
}

static int loop(void) {
  int file = open("/dev/null", O_WRONLY);
  puts("began");
  fflush(stdout);
  while (go) {
    tick(file);
    if (count % 64 == 0) usleep(1000);
  }
  printf("left %s\n", text);
  return 9;
}

static void *waiter(void *nothing) {
  while (go) {
    usleep(500);
    waits++;
  }
  return nothing;
}

static int threads(void) {
  pthread_t thread[2];
  for (int i = 0; i < 2; i++) pthread_create(&thread[i], 0, waiter, 0);
  int status = loop();
  for (int i = 0; i < 2; i++) pthread_join(thread[i], 0);
  return status;
}

// Sleeps in a call that was patched, and has a child.
static int sleeper(void) {
  int ends[2];
  char byte;
  if (pipe(ends) != 0) return 1;
  if (fork() == 0) {
    for (int i = 0; i < 200; i++)
      if (write(ends[1], "x", 1) != 1) return 1;
    for (;;) pause();
  }
  for (int i = 0; i < 200; i++)
    if (read(ends[0], &byte, 1) != 1) return 1;
  puts("began");
  fflush(stdout);
  while (go && read(ends[0], &byte, 1) == 1) count++;
  return 9;
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "loop";
  if (!strcmp(mode, "threads")) return threads();
  if (!strcmp(mode, "sleeper")) return sleeper();
  return loop();
}
