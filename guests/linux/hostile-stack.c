// hostile-stack: system calls and faults with a stack pointer that is null, odd, huge or the kernel's. man 2 sigaltstack.
#include "fault.h"

static const uint64_t pointers[] = {0,          8,          0x1000,     0x7fffffffffff,     0x7ffffffff000,
                                    0x800000000000, 0xffff800000000000, 0xffffffff81000000, 0xfffffffffffffff8,
                                    0xffffffffffffffff, 0x1234567890abcdef, 3};

// A system call needs no stack: it gives the right answer, and leaves the stack pointer as it was.
static void check_calls(void) {
  uintptr_t after;
  for (size_t i = 0; i < COUNT(pointers); i++) {
    CHECK_EQ(call_on_stack(pointers[i], &after, SYS_getpid, 0, 0, 0), getpid());
    CHECK_EQ(after, pointers[i]);
    // One that the sentry sees: an empty write.
    CHECK_EQ(call_on_stack(pointers[i], &after, SYS_write, -1, 8, 1), -EBADF);
    CHECK_EQ(after, pointers[i]);
  }
}

// Faults come to a handler on the alternate stack.
static void check_faults(void) {
  catch_faults_on_own_stack();
  for (size_t i = 0; i < COUNT(pointers); i++) {
    uintptr_t stack = pointers[i], after;
#define CHECK_FAULT_ON_STACK(signal, instructions) CHECK_EQ(FAULT_OF(RUN_ON_STACK(stack, instructions)), signal);
    EACH_FAULT_ON_STACK(CHECK_FAULT_ON_STACK)
    // A push may also be a misaligned access, or x86's stack fault: both are SIGBUS.
    FAULT_OF(RUN_ON_STACK(stack, PUSH));
    CHECK(fault_info.si_signo == SIGSEGV || fault_info.si_signo == SIGBUS);
    // A signal that is sent while the pointer is bad, to the alternate stack as well.
    CHECK_EQ(FAULT_OF(call_on_stack(stack, &after, SYS_kill, getpid(), SIGTRAP, 0)), SIGTRAP);
  }
}

int main(void) {
  check_calls();
  check_faults();
  return finish();
}
