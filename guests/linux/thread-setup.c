// thread-setup: what libc tells the kernel of a thread: TLS, tid address, robust list, rseq. man 2 arch_prctl, rseq(2).
#include <linux/futex.h>
#include <sys/auxv.h>

#include "check.h"

#if defined(__x86_64__)
#include <asm/prctl.h>

static long arch_prctl(int code, unsigned long address) { return syscall(SYS_arch_prctl, code, address); }

static void check_segment_bases(void) {
  unsigned long fs = 0, gs = 1, data[2] = {0x1234567890abcdef, 42}, value;
  CHECK_EQ(arch_prctl(ARCH_GET_FS, (unsigned long)&fs), 0);
  CHECK(fs != 0);
  // The thread pointer points at itself.
  CHECK_EQ(*(unsigned long *)fs, fs);
  CHECK_EQ(arch_prctl(ARCH_GET_GS, (unsigned long)&gs), 0);
  CHECK_EQ(gs, 0);
  CHECK_EQ(arch_prctl(ARCH_SET_GS, (unsigned long)data), 0);
  __asm__ volatile("mov %%gs:0, %0" : "=r"(value));
  CHECK_EQ(value, data[0]);
  syscall(SYS_sched_yield);
  __asm__ volatile("mov %%gs:8, %0" : "=r"(value));
  CHECK_EQ(value, 42);
  CHECK_EQ(arch_prctl(ARCH_GET_GS, (unsigned long)&gs), 0);
  CHECK_EQ(gs, (unsigned long)data);
  CHECK_EQ(arch_prctl(ARCH_SET_FS, fs), 0);
  CHECK_ERRNO(arch_prctl(ARCH_SET_GS, 0xffff800000000000), EPERM);
  CHECK_ERRNO(arch_prctl(ARCH_SET_GS, 0x1234567890abcdef), EPERM);
  CHECK_ERRNO(arch_prctl(ARCH_GET_GS, 8), EFAULT);
  CHECK_ERRNO(arch_prctl(0x7777, 0), EINVAL);

  // AT_HWCAP2 bit 1: user programs may write the bases themselves, and the kernel keeps up.
  if (getauxval(AT_HWCAP2) & 2) {
    __asm__ volatile("wrgsbase %0" ::"r"(data + 1));
    syscall(SYS_sched_yield);
    __asm__ volatile("mov %%gs:0, %0" : "=r"(value));
    CHECK_EQ(value, 42);
    __asm__ volatile("rdfsbase %0" : "=r"(value));
    CHECK_EQ(value, fs);
    CHECK_EQ(arch_prctl(ARCH_GET_GS, (unsigned long)&gs), 0);
    CHECK_EQ(gs, (unsigned long)(data + 1));
    // Any canonical address at all: a program's own business until it follows it.
    __asm__ volatile("wrgsbase %0" ::"r"(0xffffffff81000000));
    syscall(SYS_sched_yield);
    __asm__ volatile("rdgsbase %0" : "=r"(value));
    CHECK_EQ(value, 0xffffffff81000000);
  }
  CHECK_EQ(arch_prctl(ARCH_SET_GS, 0), 0);
  CHECK_EQ(syscall(SYS_getpid), getpid());
}
#else
static void check_segment_bases(void) {}
#endif

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
  check_segment_bases();
  CHECK_EQ(thread_local_value, 77);
  CHECK_EQ(syscall(SYS_set_tid_address, &tid), getpid());
  check_robust_list();

  // glibc may have registered already; a second area, a wrong length, a wrong alignment are refused. Or there is no rseq.
  static char area[64] __attribute__((aligned(32)));
  long second = syscall(SYS_rseq, area + 4, 32, 0, 0x53053053);
  CHECK(second == -1 && (errno == ENOSYS || errno == EINVAL || errno == EBUSY || errno == EPERM));

  long commands = syscall(SYS_membarrier, 0, 0, 0);
  CHECK(commands >= 0 || errno == ENOSYS);
  if (commands >= 0) CHECK_ERRNO(syscall(SYS_membarrier, 1 << 30, 0, 0), EINVAL);
  return finish();
}
