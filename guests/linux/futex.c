// futex: what one thread alone can see: wrong values, time-outs, wakes of nobody, requeues, errors. man 2 futex.
#include <linux/futex.h>
#include <sys/time.h>
#include <time.h>

#include "check.h"

static uint32_t word = 5, other = 6;

static long futex(uint32_t *address, int operation, uint32_t value, const void *timeout, uint32_t *second, uint32_t third) {
  return syscall(SYS_futex, address, operation, value, timeout, second, third);
}

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void nothing(int number) { (void)number; }

int main(void) {
  struct timespec wait = {0, 30000000}, zero = {0, 0}, bad = {0, 1000000000}, until;
  for (int flag = 0; flag <= FUTEX_PRIVATE_FLAG; flag += FUTEX_PRIVATE_FLAG) {
    CHECK_ERRNO(futex(&word, FUTEX_WAIT | flag, 4, 0, 0, 0), EAGAIN);
    long long start = now_ns();
    CHECK_ERRNO(futex(&word, FUTEX_WAIT | flag, 5, &wait, 0, 0), ETIMEDOUT);
    CHECK(now_ns() - start >= 30000000);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT | flag, 5, &zero, 0, 0), ETIMEDOUT);
    CHECK_EQ(futex(&word, FUTEX_WAKE | flag, 1, 0, 0, 0), 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE | flag, INT32_MAX, 0, 0, 0), 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET | flag, 1, 0, 0, 1), 0);
    CHECK_EQ(futex(&word, FUTEX_REQUEUE | flag, 1, (void *)1, &other, 0), 0);
    CHECK_EQ(futex(&word, FUTEX_CMP_REQUEUE | flag, 1, (void *)1, &other, 5), 0);
    CHECK_ERRNO(futex(&word, FUTEX_CMP_REQUEUE | flag, 1, (void *)1, &other, 4), EAGAIN);
  }

  // WAIT_BITSET waits until an absolute time, on either clock.
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += 20000000;
  if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
  CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 5, &until, 0, FUTEX_BITSET_MATCH_ANY), ETIMEDOUT);
  CHECK(now_ns() >= until.tv_sec * 1000000000ll + until.tv_nsec);
  CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &(struct timespec){1, 0}, 0, ~0u), ETIMEDOUT);
  CHECK_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 5, &until, 0, 0), EINVAL);

  // WAKE_OP does its operation even if nobody waits.
  CHECK_EQ(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &other, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 6)), 0);
  CHECK_EQ(other, 9);

  // A handler ends a wait with EINTR, whatever the flag, if there is a time-out.
  struct sigaction action = {.sa_handler = nothing};
  sigaction(SIGALRM, &action, 0);
  // Again and again: on a busy machine the first signal may come before the wait.
  struct itimerval often = {{0, 20000}, {0, 20000}}, off = {0};
  setitimer(ITIMER_REAL, &often, 0);
  CHECK_ERRNO(futex(&word, FUTEX_WAIT, 5, &(struct timespec){5, 0}, 0, 0), EINTR);
  setitimer(ITIMER_REAL, &off, 0);

  CHECK_ERRNO(futex((uint32_t *)((char *)&word + 1), FUTEX_WAIT, 5, &wait, 0, 0), EINVAL);
  CHECK_ERRNO(futex(&word, FUTEX_WAIT, 5, &bad, 0, 0), EINVAL);
  CHECK_ERRNO(futex(&word, 0x7f, 5, 0, 0, 0), ENOSYS);
  CHECK_ERRNO(futex((uint32_t *)8, FUTEX_WAIT, 5, 0, 0, 0), EFAULT);
  CHECK_ERRNO(futex((uint32_t *)0xffff800000000000, FUTEX_WAIT, 5, 0, 0, 0), EFAULT);
  CHECK_ERRNO(futex(&word, FUTEX_WAIT, 5, (void *)8, 0, 0), EFAULT);
  return finish();
}
