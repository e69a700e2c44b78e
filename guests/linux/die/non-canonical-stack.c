// non-canonical-stack: as null-stack, with the stack pointer at 0x8000000000001000. man 2 sigaction.
// status: 139
// only x86_64
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static void handler(int number) {
  (void)number;
  _exit(1);
}

int main(void) {
  signal(SIGUSR1, handler);
  signal(SIGSEGV, handler);
  long pid = getpid(), result = SYS_kill;
  __asm__ volatile("movabs $0x8000000000001000, %%rsp\nsyscall\nmov $60, %%eax\nxor %%edi, %%edi\nsyscall"
                   : "+a"(result)
                   : "D"(pid), "S"((long)SIGUSR1)
                   : "rcx", "r11", "memory");
  return 0;
}
