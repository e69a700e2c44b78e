// bad-sigreturn: rt_sigreturn without a frame. man 2 sigreturn.
// status: 139
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
#if defined(__x86_64__)
  __asm__ volatile("xor %%esp, %%esp\nsyscall" ::"a"(SYS_rt_sigreturn) : "memory");
#else
  register long number __asm__("x8") = SYS_rt_sigreturn;
  __asm__ volatile("mov sp, xzr\nsvc 0" ::"r"(number) : "memory");
#endif
  return 0;
}
