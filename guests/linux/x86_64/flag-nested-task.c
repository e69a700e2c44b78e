// flag-nested-task: a system call keeps the NT flag. SDM vol. 3, 2.3.
// not on PVM: its kernel clears NT on the way back to ring 3, from interrupts too
#include "check.h"

#define NT 0x4000ul

int main(void) {
  long result = SYS_getpid;
  unsigned long after;
  __asm__ volatile("pushfq; orq %[nt], (%%rsp); popfq; syscall; pushfq; pop %[after]; push $0x202; popfq"
                   : "+a"(result), [after] "=&r"(after)
                   : [nt] "r"(NT)
                   : "rcx", "r11", "memory", "cc");
  CHECK_EQ(after & NT, NT);
  CHECK_EQ(result, getpid());
  return finish();
}
