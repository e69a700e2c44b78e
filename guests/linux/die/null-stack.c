// null-stack: a signal for a program whose stack pointer is null: no frame can be written, SIGSEGV kills. man 2 sigaction.
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
  __asm__ volatile("xor %%esp, %%esp\nsyscall\nmov $60, %%eax\nxor %%edi, %%edi\nsyscall"
                   : "+a"(result)
                   : "D"(pid), "S"((long)SIGUSR1)
                   : "rcx", "r11", "memory");
  return 0;
}
