// Leaks memory if it gets an argument; a thread's own pointers are no leak.
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *hold(void *started) {
  static _Thread_local char *mine;
  mine = malloc(100);
  write(*(int *)started, mine ? "x" : "", 1);
  for (;;) pause();
}

int main(int argc, char **argv) {
  (void)argv;
  int started[2];
  if (pipe(started) != 0) return 99;
  for (int i = 0; i < 3; i++) {
    char byte;
    pthread_t thread;
    if (pthread_create(&thread, 0, hold, &started[1]) != 0 || read(started[0], &byte, 1) != 1) return 99;
  }
  if (argc > 1) {
    char *volatile lost = malloc(4242);
    lost = 0;
  }
  return 0;
}
