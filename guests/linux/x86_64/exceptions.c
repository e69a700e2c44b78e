// exceptions: the exceptions of x86 as signals: divide, invalid opcode, breakpoint, step, protection. SDM vol. 3, 6.15.
#include <sys/ucontext.h>

#include "fault.h"

static uint64_t trap_number, error_code, fault_cr2;

static void on_exception(int number, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  trap_number = (uint64_t)registers[REG_TRAPNO];
  error_code = (uint64_t)registers[REG_ERR];
  fault_cr2 = (uint64_t)registers[REG_CR2];
  on_fault(number, info, context);
}

// The address of a label inside an asm block, to compare with where the fault was.
#define AT_LABEL(label) ({ uintptr_t at_; __asm__("lea " label "(%%rip), %0" : "=r"(at_)); at_; })

static void divide(void) {
  __asm__ volatile(".global divide_here\ndivide_here: divl %%ecx" ::"a"(1), "d"(0), "c"(0) : "cc");
}
static void divide_overflow(void) {
  __asm__ volatile(".global overflow_here\noverflow_here: idivl %%ecx" ::"a"(0x80000000), "d"(-1), "c"(-1) : "cc");
}
static void undefined(void) { __asm__ volatile(".global undefined_here\nundefined_here: ud2"); }
static void breakpoint(void) { __asm__ volatile("int3\n.global breakpoint_here\nbreakpoint_here: nop"); }
static void step(void) {
  __asm__ volatile("pushfq\norq $0x100, (%%rsp)\npopfq\nnop\n.global step_here\nstep_here: nop" ::: "cc", "memory");
}

static void check_arithmetic(void) {
  CHECK_FAULT(divide(), SIGFPE, FPE_INTDIV, AT_LABEL("divide_here"));
  CHECK_EQ(trap_number, 0);
  CHECK_EQ(fault_pc, AT_LABEL("divide_here"));
  CHECK_FAULT(divide_overflow(), SIGFPE, FPE_INTDIV, AT_LABEL("overflow_here"));

  // SSE division with the exception unmasked.
  unsigned control = 0x1f80 & ~(1u << 9), usual = 0x1f80;
  volatile double zero = 0;
  CHECK_EQ(FAULT_OF({
             __asm__ volatile("ldmxcsr %0" ::"m"(control));
             __asm__ volatile("divsd %0, %%xmm0" ::"m"(zero) : "xmm0");
           }),
           SIGFPE);
  CHECK_EQ(trap_number, 19);
  __asm__ volatile("ldmxcsr %0" ::"m"(usual));

  // x87: reported at the next floating point instruction.
  unsigned short x87 = 0x37f & ~4, x87_usual = 0x37f;
  CHECK_EQ(FAULT_OF({
             __asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" ::"m"(x87));
           }),
           SIGFPE);
  CHECK_EQ(fault_info.si_code, FPE_FLTDIV);
  CHECK_EQ(trap_number, 16);
  __asm__ volatile("fninit; fldcw %0" ::"m"(x87_usual));
}

static void check_opcodes(void) {
  CHECK_FAULT(undefined(), SIGILL, ILL_ILLOPN, AT_LABEL("undefined_here"));
  CHECK_EQ(trap_number, 6);
  CHECK_EQ(FAULT_OF(breakpoint()), SIGTRAP);
  CHECK_EQ(fault_info.si_code, SI_KERNEL);
  CHECK_EQ(trap_number, 3);
  CHECK_EQ(fault_pc, AT_LABEL("breakpoint_here"));
  CHECK_FAULT(step(), SIGTRAP, TRAP_TRACE, AT_LABEL("step_here"));
  CHECK_EQ(trap_number, 1);
  CHECK_EQ(fault_pc, AT_LABEL("step_here"));
}

static void check_protection(void) {
  // Non-canonical: no address is reported.
  CHECK_FAULT(READ_BYTE(0x800000000000), SIGSEGV, SI_KERNEL, 0);
  CHECK_EQ(trap_number, 13);
  CHECK_FAULT(WRITE_BYTE(0x1234567890abcdef, 1), SIGSEGV, SI_KERNEL, 0);
  CHECK_FAULT(__asm__ volatile("hlt"), SIGSEGV, SI_KERNEL, 0);
  // Misaligned SSE.
  static char block[64] __attribute__((aligned(64)));
  CHECK_FAULT(__asm__ volatile("movaps %0, %%xmm0" ::"m"(block[1]) : "xmm0"), SIGSEGV, SI_KERNEL, 0);
  // Kernel half: reported as unmapped or forbidden, with its address, as user access.
  CHECK_EQ(FAULT_OF(READ_BYTE(0xffff800000000123)), SIGSEGV);
  CHECK_EQ((uintptr_t)fault_info.si_addr, 0xffff800000000123);
}

static void check_page_faults(void) {
  char *none = mmap(0, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(none != MAP_FAILED);
  CHECK_EQ(FAULT_OF(READ_BYTE(16)), SIGSEGV);
  CHECK_EQ(trap_number, 14);
  CHECK_EQ(error_code, 4);
  CHECK_EQ(fault_cr2, 16);
  CHECK_EQ(FAULT_OF(WRITE_BYTE(16, 1)), SIGSEGV);
  CHECK_EQ(error_code, 6);
  const char *volatile constant = "read-only";
  READ_BYTE(constant);
  CHECK_EQ(FAULT_OF(WRITE_BYTE(constant, 1)), SIGSEGV);
  CHECK_EQ(error_code, 7);
  CHECK_EQ(fault_cr2, (uintptr_t)constant);
  CHECK_FAULT(READ_BYTE(none + 3), SIGSEGV, SEGV_ACCERR, none + 3);
}

// A handler that looks up a fix for the faulting place, steps over it, and answers in a register.
static void step_over(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  registers[REG_RIP] += 2;
  registers[REG_RAX] = 0x1122334455667788;
  registers[REG_RCX] = 0x99;
  registers[REG_R11] = 0x77;
}

static void check_changed_registers(void) {
  struct sigaction action = {.sa_sigaction = step_over, .sa_flags = SA_SIGINFO};
  uint64_t rax = 1, rcx = 2, rbx = 3;
  register uint64_t r11 __asm__("r11") = 4;
  REQUIRE(sigaction(SIGILL, &action, 0) == 0);
  __asm__ volatile("ud2" : "+a"(rax), "+c"(rcx), "+b"(rbx), "+r"(r11));
  uint64_t r11_after = r11;
  CHECK_EQ(rax, 0x1122334455667788);
  CHECK_EQ(rcx, 0x99);
  CHECK_EQ(rbx, 3);
  CHECK_EQ(r11_after, 0x77);
}

int main(void) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
  struct sigaction action = {.sa_sigaction = on_exception, .sa_flags = SA_SIGINFO};
  for (size_t i = 0; i < COUNT(signals); i++) REQUIRE(sigaction(signals[i], &action, 0) == 0);
  check_arithmetic();
  check_opcodes();
  check_protection();
  check_page_faults();
  check_changed_registers();
  return finish();
}
