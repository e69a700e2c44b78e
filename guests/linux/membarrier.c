// membarrier: its caller needs no barrier in other threads to order their accesses; registrations. man 2 membarrier.
// not in CI's beds: emulation makes it slow
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>

#include "check.h"

#define ROUNDS 50

static int membarrier(int command) { return (int)syscall(SYS_membarrier, command, 0, 0); }

// In each round both threads store to one word and load the other; only one of them has a barrier between. A call is slow enough to
// hide most missing barriers: what this finds are calls that never end, or that miss a running thread.
static volatile int x, y, seen, begun, done;

static void wait_for(volatile int *word, int value) {
  for (int i = 0; *word != value; i++)
    if (i % 100 == 99) sched_yield();
}

static void *fast(void *argument) {
  for (int round = 1; round <= ROUNDS; round++) {
    wait_for(&begun, round);
    x = 1;
    __asm__ volatile("" ::: "memory");
    seen = y;
    __asm__ volatile("" ::: "memory");
    __atomic_store_n(&done, round, __ATOMIC_SEQ_CST);
  }
  return argument;
}

static void check_order(int command) {
  pthread_t thread;
  begun = done = 0;
  REQUIRE(pthread_create(&thread, 0, fast, 0) == 0);
  for (int round = 1; round <= ROUNDS; round++) {
    x = y = 0;
    __atomic_store_n(&begun, round, __ATOMIC_SEQ_CST);
    for (volatile int i = 0; i < round % 64; i++) continue;
    y = 1;
    CHECK_EQ(membarrier(command), 0);
    int own = x;
    wait_for(&done, round);
    CHECK(own == 1 || seen == 1);
  }
  CHECK_EQ(pthread_join(thread, 0), 0);
}

// Barriers on threads that come and go.
static void *end(void *argument) { return argument; }

static void check_ends(void) {
  for (int i = 0; i < 200; i++) {
    pthread_t thread;
    REQUIRE(pthread_create(&thread, 0, end, 0) == 0);
    CHECK_EQ(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), 0);
    CHECK_EQ(pthread_join(thread, 0), 0);
  }
}

int main(void) {
  alarm(60);
  int commands = membarrier(MEMBARRIER_CMD_QUERY);
  if (commands < 0 && errno == ENOSYS) return finish();
  CHECK(commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  CHECK_ERRNO(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), EPERM);
  CHECK_EQ(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED), 0);
  CHECK_EQ(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), 0);
  CHECK_ERRNO(membarrier(1 << 30), EINVAL);
  CHECK_ERRNO((int)syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 1, 0), EINVAL);
  check_order(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  check_ends();
  if (commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED) {
    CHECK_EQ(membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED), 0);
    check_order(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
  }
  if (commands & MEMBARRIER_CMD_GLOBAL) CHECK_EQ(membarrier(MEMBARRIER_CMD_GLOBAL), 0);
  return finish();
}
