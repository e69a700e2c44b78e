// no-padding: bytes near a frequent call that look like padding and are none: a divisor, and INT3s that are meant. SDM vol. 2, INT n.
#include "fault.h"

#define CALL "mov $111, %eax\nnop\nsyscall\n"

__asm__(
    ".text\n.global divide, trap, trap_at_call\n"
    // uint64_t divide(uint64_t): divides by ten, after a call
    ".balign 16\ndivide: push %rdi\n" CALL "pop %rax\nmovabs $0xcccccccccccccccd, %rdx\nmul %rdx\nmov %rdx, %rax\nshr $3, %rax\nret\n"
    // void trap(int): an INT3 after a call, if it is not 0
    ".balign 16, 0xcc\ntrap: test %edi, %edi\njnz 1f\n" CALL "ret\n1: int3\n"
    ".fill 16, 1, 0xcc\n.balign 16, 0xcc\n"
    // void trap_at_call(void)
    "trap_at_call: " CALL "int3\n.fill 16, 1, 0xcc\n.balign 16, 0xcc\n");
uint64_t divide(uint64_t number);
void trap(int is_to_trap);
void trap_at_call(void);

int main(void) {
  for (uint64_t i = 0; i < 64; i++) CHECK_EQ(divide(i * 1000003), i * 1000003 / 10);
  for (int i = 0; i < 64; i++) trap(0);
  catch_faults();
  for (int i = 0; i < 3; i++) CHECK_EQ(FAULT_OF(trap(1)), SIGTRAP);
  for (int i = 0; i < 32; i++) CHECK_EQ(FAULT_OF(trap_at_call()), SIGTRAP);
  return finish();
}
