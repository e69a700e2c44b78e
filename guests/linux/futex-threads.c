// futex-threads: wait, wake, bitset, requeue, wake_op and waitv between threads that run at once. man 2 futex.
#include "threads.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

#define WAITERS 4

static uint32_t turn, first, second, words[4];
static volatile int woken;

// Two threads take turns; the one whose turn it is not waits for the word to change.
static void take_turns(uint32_t mine) {
  for (int i = 0; i < 500; i++) {
    uint32_t now;
    while ((now = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) % 2 != mine)
      if (futex(&turn, FUTEX_WAIT_PRIVATE, now, 0, 0, 0) != 0) CHECK(errno == EAGAIN || errno == EINTR);
    __atomic_fetch_add(&turn, 1, __ATOMIC_RELEASE);
    CHECK(futex(&turn, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0) >= 0);
  }
}

static void *take_odd_turns(void *argument) {
  take_turns(1);
  return argument;
}

static void check_turns(void) {
  pthread_t other = start(take_odd_turns, 0);
  take_turns(0);
  join(other);
  CHECK_EQ(turn, 1000);
}

// Waits on the first word, with this set of bits, until woken.
static void *wait_first(void *bits) {
  CHECK_EQ(futex(&first, FUTEX_WAIT_BITSET_PRIVATE, 0, 0, 0, (uint32_t)(uintptr_t)bits), 0);
  __atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
  return bits;
}

static void start_waiters(pthread_t *threads) {
  woken = 0;
  for (int i = 0; i < WAITERS; i++) threads[i] = start(wait_first, (void *)(uintptr_t)(1u << i));
}

static void join_waiters(pthread_t *threads) {
  for (int i = 0; i < WAITERS; i++) join(threads[i]);
  CHECK_EQ(woken, WAITERS);
}

static void check_wake(void) {
  pthread_t threads[WAITERS];
  start_waiters(threads);
  // One call wakes no more than it says, and returns how many.
  for (int i = 1; i <= WAITERS; i++) {
    CHECK(EVENTUALLY(futex(&first, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0) == 1));
    CHECK(EVENTUALLY(woken == i));
    sleep_ms(1);
    CHECK_EQ(woken, i);
  }
  join_waiters(threads);
  CHECK_EQ(futex(&first, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, 0, 0), 0);
}

static void check_bitset(void) {
  pthread_t threads[WAITERS];
  start_waiters(threads);
  CHECK(EVENTUALLY(futex(&first, FUTEX_WAKE_BITSET_PRIVATE, 1, 0, 0, 1 << 2) == 1));
  join(threads[2]);
  CHECK_EQ(woken, 1);
  CHECK_EQ(futex(&first, FUTEX_WAKE_BITSET_PRIVATE, INT32_MAX, 0, 0, 0xfffffff4), 0);
  int told = 0;
  CHECK(EVENTUALLY((told += (int)futex(&first, FUTEX_WAKE_BITSET_PRIVATE, INT32_MAX, 0, 0, 3)) == 2));
  CHECK(EVENTUALLY(futex(&first, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, 0, 0) == 1));
  threads[2] = start(wait_first, (void *)4);
  CHECK(EVENTUALLY(futex(&first, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0) == 1));
  for (int i = 0; i < WAITERS; i++) join(threads[i]);
  CHECK_EQ(woken, WAITERS + 1);
}

// Waiters on the first word move to the second without running.
static void check_requeue(void) {
  pthread_t threads[WAITERS];
  start_waiters(threads);
  CHECK_ERRNO(futex(&first, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)99, &second, 1), EAGAIN);
  int moved = 0;
  CHECK(EVENTUALLY((moved += (int)futex(&first, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)99, &second, 0)) == WAITERS));
  CHECK_EQ(woken, 0);
  CHECK_EQ(futex(&first, FUTEX_WAKE_PRIVATE, 99, 0, 0, 0), 0);
  // Back again, at most two, and one wakes: three of four.
  CHECK_EQ(futex(&second, FUTEX_REQUEUE_PRIVATE, 1, (void *)2, &first, 0), 3);
  CHECK_EQ(futex(&second, FUTEX_WAKE_PRIVATE, 99, 0, 0, 0), 1);
  CHECK_EQ(futex(&first, FUTEX_WAKE_PRIVATE, 99, 0, 0, 0), 2);
  join_waiters(threads);
  CHECK_ERRNO(futex(&first, FUTEX_REQUEUE_PRIVATE, 0xffffffff, (void *)1, &second, 0), EINVAL);
}

// ---- wake_op

static void *add_by_futex(void *argument) {
  uint32_t add_1 = FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0);
  for (int i = 0; i < 1000; i++) CHECK_EQ(futex(&first, FUTEX_WAKE_OP_PRIVATE, 0, 0, &words[0], add_1), 0);
  return argument;
}

static void *add_by_cpu(void *argument) {
  for (int i = 0; i < 300000; i++) __atomic_fetch_add(&words[0], 1 << 16, __ATOMIC_RELAXED);
  return argument;
}

// The operation is one step for threads that store to the same word meanwhile.
static void check_atomicity(void) {
  words[0] = 0;
  pthread_t threads[] = {start(add_by_cpu, 0), start(add_by_futex, 0), start(add_by_futex, 0)};
  for (int i = 0; i < 3; i++) join(threads[i]);
  CHECK_EQ(words[0], (300000u << 16) + 2000);
}

// While the word is 3, for moments, this thread comes too early; at 0 it waits until it is woken.
static void *wait_at_zero(void *argument) {
  long result;
  while ((result = futex(&first, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0)) < 0 && errno == EAGAIN) sched_yield();
  CHECK_EQ(result, 0);
  return argument;
}

static void check_wake_op(void) {
  const struct {
    int operation;
    uint32_t before, argument, after;
  } operations[] = {{FUTEX_OP_SET, 5, 7, 7},
                    {FUTEX_OP_ADD, 5, 0xfff, 4}, // sign-extended from 12 bits: -1
                    {FUTEX_OP_OR, 5, 2, 7},
                    {FUTEX_OP_ANDN, 7, 2, 5},
                    {FUTEX_OP_XOR, 7, 5, 2},
                    {FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 1, 31, 0x80000001}};
  for (size_t i = 0; i < COUNT(operations); i++) {
    second = operations[i].before;
    uint32_t code = (uint32_t)operations[i].operation << 28 | operations[i].argument << 12;
    CHECK_EQ(futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &second, code), 0);
    CHECK_EQ(second, operations[i].after);
  }
  CHECK_ERRNO(futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &second, 7u << 28), ENOSYS);
  CHECK_ERRNO(futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, (void *)8, 0), EFAULT);

  // The second word's waiters wake if the comparison with its old value holds.
  const struct {
    int comparison;
    uint32_t value;
    bool wakes;
  } comparisons[] = {{FUTEX_OP_CMP_EQ, 3, true}, {FUTEX_OP_CMP_EQ, 4, false}, {FUTEX_OP_CMP_NE, 4, true},
                     {FUTEX_OP_CMP_NE, 3, false}, {FUTEX_OP_CMP_LT, 4, true}, {FUTEX_OP_CMP_LT, 3, false},
                     {FUTEX_OP_CMP_LE, 3, true}, {FUTEX_OP_CMP_LE, 2, false}, {FUTEX_OP_CMP_GT, 2, true},
                     {FUTEX_OP_CMP_GT, 3, false}, {FUTEX_OP_CMP_GE, 3, true}, {FUTEX_OP_CMP_GE, 4, false},
                     {FUTEX_OP_CMP_GT, 0xfff, true}};
  uint32_t other = 0;
  pthread_t waiter = start(wait_at_zero, 0);
  // Only a wake shows for certain that it waits: it wakes, and another takes its place.
  for (size_t i = 0; i < COUNT(comparisons); i++) {
    uint32_t code = (uint32_t)FUTEX_OP_SET << 28 | (uint32_t)comparisons[i].comparison << 24 | comparisons[i].value;
    first = 3;
    if (comparisons[i].wakes) {
      CHECK(EVENTUALLY((first = 3, futex(&other, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &first, code)) == 1));
      join(waiter);
      CHECK_EQ(first, 0);
      waiter = start(wait_at_zero, 0);
    } else {
      CHECK_EQ(futex(&other, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &first, code), 0);
    }
    first = 0;
  }
  CHECK(EVENTUALLY(futex(&first, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0) == 1));
  join(waiter);
}

static void *wait_several(void *argument) {
  struct {
    uint64_t value, address;
    uint32_t flags, reserved;
  } waiters[4];
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += 30;
  for (int i = 0; i < 4; i++) {
    waiters[i].value = 0, waiters[i].address = (uintptr_t)&words[i];
    waiters[i].flags = 2 | FUTEX_PRIVATE_FLAG, waiters[i].reserved = 0;
  }
  return (void *)(argument ? 0 : syscall(SYS_futex_waitv, waiters, 4, 0, &until, CLOCK_MONOTONIC));
}

static void check_waitv(void) {
  memset(words, 0, sizeof(words));
  for (int i = 0; i < 4; i++) {
    pthread_t waiter = start(wait_several, 0);
    CHECK(EVENTUALLY(futex(&words[i], FUTEX_WAKE_PRIVATE, 1, 0, 0, 0) == 1));
    CHECK_EQ((intptr_t)join(waiter), i);
    // It no longer waits anywhere.
    for (int j = 0; j < 4; j++) CHECK_EQ(futex(&words[j], FUTEX_WAKE_PRIVATE, 9, 0, 0, 0), 0);
  }
}

int main(void) {
  limit_time();
  check_turns();
  check_wake();
  check_bitset();
  check_requeue();
  check_atomicity();
  check_wake_op();
  check_waitv();
  return finish();
}
