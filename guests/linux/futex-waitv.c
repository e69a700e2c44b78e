// futex-waitv: several futexes at once, as far as one thread sees; cachestat and membarrier's registrations. man 2 futex, membarrier.
#include <linux/membarrier.h>
#include <time.h>

#include "check.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

struct waiter {
  uint64_t value, address;
  uint32_t flags, reserved;
};

#define U32 2

static long waitv(struct waiter *waiters, unsigned count, unsigned flags, struct timespec *until, int clock) {
  return syscall(SYS_futex_waitv, waiters, count, flags, until, clock);
}

static void check_waitv(void) {
  static uint32_t words[200];
  static struct waiter waiters[130];
  for (int i = 0; i < 130; i++) waiters[i] = (struct waiter){0, (uintptr_t)&words[i], U32 | 128, 0};
  struct timespec past = {1, 0};
  CHECK_ERRNO(waitv(waiters, 128, 0, &past, CLOCK_MONOTONIC), ETIMEDOUT);
  CHECK_ERRNO(waitv(waiters, 2, 0, &past, CLOCK_REALTIME), ETIMEDOUT);
  CHECK_ERRNO(waitv(waiters, 129, 0, &past, CLOCK_MONOTONIC), EINVAL);
  CHECK_ERRNO(waitv(waiters, 0, 0, &past, CLOCK_MONOTONIC), EINVAL);
  CHECK_ERRNO(waitv(waiters, 1, 1, &past, CLOCK_MONOTONIC), EINVAL);
  CHECK_ERRNO(waitv(0, 1, 0, &past, CLOCK_MONOTONIC), EINVAL);
  CHECK_ERRNO(waitv((void *)8, 1, 0, &past, CLOCK_MONOTONIC), EFAULT);
  CHECK_ERRNO(waitv(waiters, 1, 0, &past, CLOCK_BOOTTIME), EINVAL);
  words[1] = 5;
  CHECK_ERRNO(waitv(waiters, 2, 0, &past, CLOCK_MONOTONIC), EAGAIN);
  waiters[1].value = 5;
  CHECK_ERRNO(waitv(waiters, 2, 0, &past, CLOCK_MONOTONIC), ETIMEDOUT);
  waiters[1].flags = 0x100;
  CHECK_ERRNO(waitv(waiters, 2, 0, &past, CLOCK_MONOTONIC), EINVAL);
  waiters[1].flags = U32;
  waiters[1].reserved = 1;
  CHECK_ERRNO(waitv(waiters, 2, 0, &past, CLOCK_MONOTONIC), EINVAL);
  waiters[1].reserved = 0;
  waiters[1].address++;
  CHECK_ERRNO(waitv(waiters, 2, 0, &past, CLOCK_MONOTONIC), EINVAL);
  waiters[1].address = 8;
  CHECK_ERRNO(waitv(waiters, 2, 0, &past, CLOCK_MONOTONIC), EFAULT);
}

// Since Linux 6.5.
static void check_cachestat(void) {
  uint64_t range[2] = {0, 0}, counts[5];
  write_file("file", "text", 4);
  int fd = open("file", O_RDWR);
  if (syscall(SYS_cachestat, fd, range, counts, 0) < 0 && errno == ENOSYS) return;
  CHECK_EQ(syscall(SYS_cachestat, fd, range, counts, 0), 0);
  CHECK_EQ(counts[0], 1);
  range[0] = 4096;
  CHECK_EQ(syscall(SYS_cachestat, fd, range, counts, 0), 0);
  CHECK_EQ(counts[0], 0);
  CHECK_ERRNO(syscall(SYS_cachestat, fd, range, counts, 1), EINVAL);
  CHECK_ERRNO(syscall(SYS_cachestat, fd, 0, counts, 1), EFAULT);
  CHECK_ERRNO(syscall(SYS_cachestat, fd, range, 0, 0), EFAULT);
  CHECK_ERRNO(syscall(SYS_cachestat, -1, range, counts, 0), EBADF);
  close(fd);
}

static void check_membarrier(void) {
  long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  REQUIRE(commands > 0);
  CHECK_ERRNO(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), EPERM);
  CHECK_EQ(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0), 0);
  CHECK_EQ(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), 0);
  CHECK_EQ(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0), 0);
  CHECK_EQ(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0), 0);
  CHECK_EQ(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), 0);
  CHECK_EQ(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), 0);
  // MEMBARRIER_CMD_GET_REGISTRATIONS, since Linux 6.3.
  int registrations = MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
                      MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
  if (commands & 1 << 9) CHECK_EQ(syscall(SYS_membarrier, 1 << 9, 0, 0), registrations);
  CHECK_ERRNO(syscall(SYS_membarrier, 1 << 9, 1, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_membarrier, 1 << 20, 0, 0), EINVAL);
}

int main(void) {
  enter_scratch();
  check_waitv();
  check_cachestat();
  check_membarrier();
  return finish();
}
