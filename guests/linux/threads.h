// threads.h: threads that guests start and join, and what they wait for.
#pragma once

#include <linux/futex.h>
#include <pthread.h>

#include "processes.h"

UNUSED static pthread_t start(void *(*body)(void *), void *argument) {
  pthread_t thread;
  REQUIRE(pthread_create(&thread, 0, body, argument) == 0);
  return thread;
}

UNUSED static void *join(pthread_t thread) {
  void *result = 0;
  CHECK_EQ(pthread_join(thread, &result), 0);
  return result;
}

// A mask for sched_setaffinity(2).
UNUSED static cpu_set_t only(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return set;
}

UNUSED static long futex(void *word, int operation, uint32_t value, const void *timeout, void *second, uint32_t third) {
  return syscall(SYS_futex, word, operation, value, timeout, second, third);
}

// The state letter of a thread of this process.
UNUSED static char state_of_thread(pid_t tid) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
  return state_in(path);
}
