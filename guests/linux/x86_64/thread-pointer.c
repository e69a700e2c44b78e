// thread-pointer: the FS and GS bases, set by call and by instruction, kept across system calls. man 2 arch_prctl.
#include <asm/prctl.h>
#include <linux/sched.h>
#include <sys/auxv.h>
#include <sys/wait.h>

#include "check.h"

static long arch_prctl(int code, unsigned long address) {
  return syscall(SYS_arch_prctl, code, address);
}

// clone(CLONE_SETTLS) and clone3 set the FS base, which has to be an address of user memory: copy_thread, as ARCH_SET_FS.
static void check_clone(void) {
  static const unsigned long refused[] = {0x7ffffffff000, 0x800000000000, 0x8000000000000000,
                                          0xffffffffff600000, -1ul};
  int status;
  for (size_t i = 0; i < COUNT(refused); i++) {
    struct clone_args args = {.flags = CLONE_SETTLS, .exit_signal = SIGCHLD, .tls = refused[i]};
    CHECK_ERRNO(syscall(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, 0, 0, refused[i]), EPERM);
    CHECK_ERRNO(syscall(SYS_clone3, &args, sizeof(args)), EPERM);
    CHECK_ERRNO(arch_prctl(ARCH_SET_FS, refused[i]), EPERM);
  }
  CHECK_ERRNO(waitpid(-1, &status, WNOHANG), ECHILD);
  pid_t child = (pid_t)syscall(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, 0, 0, &status);
  if (child == 0) {
    // Without the C library: its thread pointer is gone.
    register long number __asm__("rax") = SYS_exit;
    __asm__ volatile("syscall" ::"r"(number), "D"(7L) : "rcx", "r11", "memory");
  }
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

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
  check_clone();
  CHECK_EQ(syscall(SYS_getpid), getpid());
  return finish();
}
