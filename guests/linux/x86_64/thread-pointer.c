// thread-pointer: the FS and GS bases, set by call and by instruction, kept across system calls. man 2 arch_prctl.
#include <asm/prctl.h>
#include <sys/auxv.h>

#include "check.h"

static long arch_prctl(int code, unsigned long address) { return syscall(SYS_arch_prctl, code, address); }

int main(void) {
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
    // Any canonical address at all is allowed: it is the program's own business until it follows it.
    __asm__ volatile("wrgsbase %0" ::"r"(0xffffffff81000000));
    syscall(SYS_sched_yield);
    __asm__ volatile("rdgsbase %0" : "=r"(value));
    CHECK_EQ(value, 0xffffffff81000000);
  }
  CHECK_EQ(arch_prctl(ARCH_SET_GS, 0), 0);
  CHECK_EQ(syscall(SYS_getpid), getpid());
  return finish();
}
