// clone-thread-pointer: CLONE_SETTLS takes an address of user memory, as ARCH_SET_FS does. man 2 clone, arch_prctl.
#include <asm/prctl.h>
#include <linux/sched.h>
#include <sys/wait.h>

#include "check.h"

static long arch_prctl(int code, unsigned long address) {
  return syscall(SYS_arch_prctl, code, address);
}

// copy_thread in arch/x86/kernel/process.c.
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
  check_clone();
  return finish();
}
