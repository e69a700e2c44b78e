// scheduling: affinity, yield, priorities, policies of one thread. man 2 sched_setaffinity, sched_setscheduler, getpriority.
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include "check.h"

int main(void) {
  unsigned long mask[128] = {0}, tiny[1];
  long size = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
  CHECK(size > 0 && size % 8 == 0);
  int cpus = 0;
  for (size_t i = 0; i < COUNT(mask); i++) cpus += __builtin_popcountl(mask[i]);
  CHECK(cpus >= 1);
  CHECK_EQ(sysconf(_SC_NPROCESSORS_ONLN) >= 1, 1);
  CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0, 1, tiny), EINVAL);
  CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0x3fffffff, sizeof(mask), mask), ESRCH);
  CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0, sizeof(mask), (void *)8), EFAULT);
  CHECK_EQ(syscall(SYS_sched_setaffinity, 0, size, mask), 0);
  unsigned long none[128] = {0};
  CHECK_ERRNO(syscall(SYS_sched_setaffinity, 0, sizeof(none), none), EINVAL);

  for (int i = 0; i < 100; i++) CHECK_EQ(sched_yield(), 0);

  struct sched_param parameters = {.sched_priority = 9};
  CHECK_EQ(sched_getscheduler(0), SCHED_OTHER);
  CHECK_EQ(sched_getparam(0, &parameters), 0);
  CHECK_EQ(parameters.sched_priority, 0);
  CHECK_EQ(sched_setscheduler(0, SCHED_OTHER, &parameters), 0);
  CHECK_ERRNO(sched_setscheduler(0, 77, &parameters), EINVAL);
  CHECK_ERRNO(sched_getscheduler(-1), EINVAL);
  CHECK_EQ(sched_get_priority_min(SCHED_FIFO), 1);
  CHECK_EQ(sched_get_priority_max(SCHED_FIFO), 99);
  CHECK_EQ(sched_get_priority_max(SCHED_OTHER), 0);
  CHECK_ERRNO(sched_get_priority_max(77), EINVAL);
  struct timespec interval;
  CHECK_EQ(sched_rr_get_interval(0, &interval), 0);

  // The system call returns 20 - nice.
  errno = 0;
  int nice_now = getpriority(PRIO_PROCESS, 0);
  CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 20 - nice_now);
  if (nice_now < 15) {
    CHECK_EQ(setpriority(PRIO_PROCESS, 0, nice_now + 2), 0);
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), nice_now + 2);
  }
  if (!is_root()) CHECK(setpriority(PRIO_PROCESS, 0, -20) == -1 && (errno == EACCES || errno == EPERM));
  CHECK_ERRNO(getpriority(99, 0), EINVAL);
  CHECK_ERRNO(getpriority(PRIO_PROCESS, 0x3fffffff), ESRCH);
  return finish();
}
