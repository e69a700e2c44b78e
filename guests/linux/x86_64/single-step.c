// single-step: TF traps as often as it should across system calls, page faults and string instructions. SDM vol. 3, 18.3.1.4.
#include "check.h"

static volatile int steps, others;

static void on_step(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  if (info->si_code == TRAP_TRACE)
    steps++;
  else
    others++;
}

// Counts steps through the instructions, and through those that clear TF afterwards.
#define STEPS_OF(instructions, operand) \
  ({ \
    steps = 0; \
    __asm__ volatile("lea -128(%%rsp), %%rsp\npushfq\norq $0x100, (%%rsp)\npopfq\n" instructions \
                     "\npushfq\nandq $~0x100, (%%rsp)\npopfq\nlea 128(%%rsp), %%rsp" \
                     : "+D"(operand)::"rax", "rcx", "r11", "memory", "cc"); \
    steps; \
  })

int main(void) {
  struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGTRAP, &action, 0) == 0);
  char *fresh = mmap(0, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(fresh != MAP_FAILED);
  char *at = fresh;
  int none = STEPS_OF("", at);
  CHECK_EQ(STEPS_OF("nop\nnop", at) - none, 2);
  // SYSCALL clears TF (IA32_FMASK), and the return sets it for the next instruction: one step for both, even if the call does not exist.
  CHECK_EQ(STEPS_OF("mov $39, %%eax\nsyscall\nnop", at) - none, 2);
  CHECK_EQ(STEPS_OF("mov $-1, %%rax\nsyscall\nnop", at) - none, 2);
  CHECK_EQ(STEPS_OF("mov $39, %%eax\nsyscall\nmov $39, %%eax\nsyscall", at) - none, 2);
  // First touches.
  CHECK_EQ(STEPS_OF("movb $1, (%%rdi)\nmovb $1, 0x20000(%%rdi)", at) - none, 2);
  // Each repetition is a step.
  CHECK_EQ(STEPS_OF("mov $300, %%ecx\nrep stosb", at) - none, 301);
  CHECK_EQ(at, fresh + 300);
  CHECK_EQ(others, 0);
  return finish();
}
