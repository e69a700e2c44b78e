// What attach.test.ts attaches to: a loop of calls that hv patches, and threads, until a debugger says that it is over.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile int go = 1;
static volatile long count, waits;
static char text[] = "as it was";
// How getppid(2) begins, before it was ever called.
static unsigned char code[12];
static int ends[2];

static void began(void) {
  printf("began, %s\n", memcmp(code, (void *)getppid, sizeof code) == 0 ? "as it is" : "patched");
  fflush(stdout);
}

static void tick(int file) {
  if (write(file, text, 1) == 1 && getppid() >= 0) count++;
}

static int loop(void) {
  int file = open("/dev/null", O_WRONLY);
  while (count < 1000) tick(file);
  began();
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

static int wake(void) { return write(ends[1], "x", 1); }

// Sleeps in a call that was patched.
static int sleeper(void) {
  char byte = 0;
  if (pipe(ends) != 0) return 1;
  for (int i = 0; i < 1000; i++)
    if (wake() != 1 || read(ends[0], &byte, 1) != 1 || getppid() < 0) return 1;
  began();
  ssize_t got = read(ends[0], &byte, 1);
  printf("read %zd %c\n", got, byte);
  return 9;
}

int main(int argc, char **argv) {
  memcpy(code, (void *)getppid, sizeof code);
  const char *mode = argc > 1 ? argv[1] : "loop";
  if (!strcmp(mode, "threads")) return threads();
  if (!strcmp(mode, "sleeper")) return sleeper();
  return loop();
}
