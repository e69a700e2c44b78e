// hostile-entry-address: a jump into a platform's entry of system calls, with a return address that no processor takes, faults.
#include "fault.h"

// Where PVM hosts have it (native/arch/x86_64/layout.h). Elsewhere nothing is there.
static const uintptr_t entry = 0x7fff00000000;

static void call_there(uintptr_t return_address, uintptr_t flags) {
  register uintptr_t r11 __asm__("r11") = flags;
  __asm__ volatile("jmp *%[entry]" ::[entry] "b"(entry), "a"(SYS_getpid), "c"(return_address), "r"(r11)
                   : "memory", "cc");
}

int main(void) {
  static const uintptr_t addresses[] = {0x800000000000, 0x1234567890abcdef, 0xffff7fffffffffff, 0xffff800000000000, -1ul};
  catch_faults_on_own_stack();
  for (size_t i = 0; i < COUNT(addresses); i++) {
    CHECK_EQ(FAULT_OF(call_there(addresses[i], 0x202)), SIGSEGV);
    CHECK_EQ(FAULT_OF(call_there(addresses[i], 0x302)), SIGSEGV);
  }
  CHECK_EQ(syscall(SYS_getpid), getpid());
  return finish();
}
