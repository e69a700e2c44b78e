// hostile-stack: system calls and faults with a stack pointer that is null, huge, non-canonical or the kernel's. SDM vol. 3, 6.14.
// only x86_64
#include "fault.h"

static const uint64_t pointers[] = {0,          8,          0x1000,     0x7fffffffffff,     0x7ffffffff000,
                                    0x800000000000, 0xffff800000000000, 0xffffffff81000000, 0xfffffffffffffff8,
                                    0xffffffffffffffff, 0x1234567890abcdef, 3};

// A system call needs no stack: the right answer, and the stack pointer as it was.
static void check_calls(void) {
  for (size_t i = 0; i < COUNT(pointers); i++) {
    uint64_t result = SYS_getpid, after;
    __asm__ volatile("mov %%rsp, %%r12; mov %[stack], %%rsp; syscall; mov %%rsp, %[after]; mov %%r12, %%rsp"
                     : "+a"(result), [after] "=&r"(after)
                     : [stack] "r"(pointers[i])
                     : "rcx", "r11", "r12", "memory");
    CHECK_EQ(result, getpid());
    CHECK_EQ(after, pointers[i]);
    // One that the sentry sees: a write of nothing.
    result = SYS_write;
    __asm__ volatile("mov %%rsp, %%r12; mov %[stack], %%rsp; syscall; mov %%rsp, %[after]; mov %%r12, %%rsp"
                     : "+a"(result), [after] "=&r"(after)
                     : [stack] "r"(pointers[i]), "D"(-1l), "S"(8l), "d"(1l)
                     : "rcx", "r11", "r12", "memory");
    CHECK_EQ(result, -EBADF);
    CHECK_EQ(after, pointers[i]);
  }
}

// Faults come to a handler on the alternate stack.
static void check_faults(void) {
  catch_faults_on_own_stack();
  for (size_t i = 0; i < COUNT(pointers); i++) {
    uint64_t stack = pointers[i];
    CHECK_EQ(FAULT_OF(__asm__ volatile("mov %0, %%rsp; ud2" ::"r"(stack))), SIGILL);
    // Beyond the canonical half a push is a stack fault, which Linux reports as SIGBUS.
    FAULT_OF(__asm__ volatile("mov %0, %%rsp; push %%rax" ::"r"(stack)));
    CHECK(fault_info.si_signo == SIGSEGV || fault_info.si_signo == SIGBUS);
    CHECK_EQ(FAULT_OF(__asm__ volatile("mov %0, %%rsp; movb $0, 0x10" ::"r"(stack))), SIGSEGV);
    CHECK_EQ(FAULT_OF(__asm__ volatile("mov %0, %%rsp; xor %%ecx, %%ecx; div %%ecx" ::"r"(stack) : "rcx")), SIGFPE);
    CHECK_EQ(FAULT_OF(__asm__ volatile("mov %0, %%rsp; int3" ::"r"(stack))), SIGTRAP);
    // A signal that is sent while the pointer is bad, to the alternate stack as well.
    long pid = getpid(), result = SYS_kill;
    CHECK_EQ(FAULT_OF(__asm__ volatile("mov %[stack], %%rsp; syscall" : "+a"(result)
                                       : [stack] "r"(stack), "D"(pid), "S"((long)SIGTRAP)
                                       : "rcx", "r11", "memory")),
             SIGTRAP);
  }
}

int main(void) {
  check_calls();
  check_faults();
  return finish();
}
