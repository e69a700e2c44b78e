// thread-setup: what libc tells the kernel about a thread: TLS, tid address, robust list, rseq. man 2 set_tid_address, rseq(2).
#include <linux/futex.h>

#include "check.h"

static __thread int thread_local_value = 77;

static void check_robust_list(void) {
  struct robust_list_head head = {{&head.list}, 0, 0}, *told;
  size_t size;
  CHECK_EQ(syscall(SYS_set_robust_list, &head, sizeof(head)), 0);
  CHECK_EQ(syscall(SYS_get_robust_list, 0, &told, &size), 0);
  CHECK(told == &head && size == sizeof(head));
  CHECK_ERRNO(syscall(SYS_set_robust_list, &head, 5), EINVAL);
  CHECK_ERRNO(syscall(SYS_get_robust_list, 0x3fffffff, &told, &size), ESRCH);
  CHECK_EQ(syscall(SYS_set_robust_list, 0, sizeof(head)), 0);
}

int main(void) {
  int tid;
  CHECK_EQ(thread_local_value, 77);
  CHECK_EQ(syscall(SYS_set_tid_address, &tid), getpid());
  check_robust_list();

  // glibc may have registered already; a second area, a wrong length or alignment are refused. Or there is no rseq.
  static char area[64] __attribute__((aligned(32)));
  long second = syscall(SYS_rseq, area + 4, 32, 0, 0x53053053);
  CHECK(second == -1 && (errno == ENOSYS || errno == EINVAL || errno == EBUSY || errno == EPERM));

  long commands = syscall(SYS_membarrier, 0, 0, 0);
  CHECK(commands >= 0 || errno == ENOSYS);
  if (commands >= 0) CHECK_ERRNO(syscall(SYS_membarrier, 1 << 30, 0, 0), EINVAL);
  return finish();
}
