// exceptions: the exceptions of arm64 as signals: undefined, breakpoint, aborts, alignment; what ESR says. Arm ARM, ESR_EL1.
#include "fault.h"
#include "records.h"

// ESR: exception class, instruction length 4, write; the class of the fault status, without the level.
#define CLASS(esr) ((esr) >> 26)
#define LENGTH_4 (1ul << 25)
#define WRITE (1ul << 6)
#define STATUS(esr) ((esr) & 0x3c)
#define INSTRUCTION_ABORT 0x20
#define DATA_ABORT 0x24
#define TRANSLATION 0x4
#define PERMISSION 0xc
#define ALIGNMENT 0x20

static uint64_t syndrome, fault_address;

static void on_exception(int number, siginfo_t *info, void *pointer) {
  ucontext_t *context = pointer;
  struct esr_context *record = find_record(context, ESR_MAGIC);
  syndrome = record ? record->esr : 0;
  fault_address = context->uc_mcontext.fault_address;
  on_fault(number, info, pointer);
}

// The address of a label inside an asm block, to compare with where the fault was.
#define AT_LABEL(label) ({ uintptr_t at_; __asm__("adr %0, " label : "=r"(at_)); at_; })

static void undefined(void) { __asm__ volatile(".global undefined_here\nundefined_here: udf 0"); }
// Not allocated: reserved encodings, and a system register that no processor has.
static void unallocated(void) { __asm__ volatile(".global unallocated_here\nunallocated_here: .inst 0xffffffff"); }
static void breakpoint(void) { __asm__ volatile(".global breakpoint_here\nbreakpoint_here: brk 0x1234"); }

static void check_instructions(void) {
  CHECK_FAULT(undefined(), SIGILL, ILL_ILLOPC, AT_LABEL("undefined_here"));
  CHECK_EQ(fault_pc, AT_LABEL("undefined_here"));
  CHECK_FAULT(unallocated(), SIGILL, ILL_ILLOPC, AT_LABEL("unallocated_here"));
  CHECK_EQ(FAULT_OF(__asm__ volatile("mrs x0, s3_7_c15_c15_7" ::: "x0")), SIGILL);
  // Unlike x86's, it has not executed: pc is at the instruction itself.
  CHECK_FAULT(breakpoint(), SIGTRAP, TRAP_BRKPT, AT_LABEL("breakpoint_here"));
  CHECK_EQ(fault_pc, AT_LABEL("breakpoint_here"));
  // A division by zero is no exception here.
  int quotient;
  __asm__("sdiv %w0, %w1, wzr" : "=r"(quotient) : "r"(1));
  CHECK_EQ(quotient, 0);
}

#define CHECK_ABORT(statement, code, address, class, expected) \
  do { \
    CHECK_FAULT(statement, SIGSEGV, code, address); \
    CHECK_EQ(fault_address, (uintptr_t)(address)); \
    CHECK_EQ(CLASS(syndrome), class); \
    CHECK_EQ(syndrome &LENGTH_4, LENGTH_4); \
    CHECK_EQ(STATUS(syndrome) | (syndrome & WRITE), expected); \
  } while (0)

static void check_aborts(void) {
  static char data[16];
  char *none = mmap(0, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const char *volatile constant = "read-only";
  REQUIRE(none != MAP_FAILED);
  READ_BYTE(constant);
  *(volatile char *)data = 1;
  CHECK_ABORT(READ_BYTE(16), SEGV_MAPERR, 16, DATA_ABORT, TRANSLATION);
  CHECK_ABORT(WRITE_BYTE(17, 1), SEGV_MAPERR, 17, DATA_ABORT, TRANSLATION | WRITE);
  CHECK_ABORT(WRITE_BYTE(constant, 1), SEGV_ACCERR, constant, DATA_ABORT, PERMISSION | WRITE);
  CHECK_ABORT(((void (*)(void))0x1230)(), SEGV_MAPERR, 0x1230, INSTRUCTION_ABORT, TRANSLATION);
  CHECK_ABORT(((void (*)(void))(uintptr_t)data)(), SEGV_ACCERR, data, INSTRUCTION_ABORT, PERMISSION);
  // May be a translation or a permission fault: the kernel may or may not have a table entry for it.
  CHECK_FAULT(READ_BYTE(none + 3), SIGSEGV, SEGV_ACCERR, none + 3);
  CHECK_FAULT(WRITE_BYTE(none + 5, 1), SIGSEGV, SEGV_ACCERR, none + 5);
  CHECK_EQ(syndrome & WRITE, WRITE);
  // The kernel half: reports its address, and nothing about the kernel's tables.
  CHECK_FAULT(READ_BYTE(0xffff800000000123), SIGSEGV, SEGV_MAPERR, 0xffff800000000123);
  CHECK_EQ(CLASS(syndrome), DATA_ABORT);
  CHECK_EQ(STATUS(syndrome), TRANSLATION);
}

static void check_alignment(void) {
  static char block[64] __attribute__((aligned(64)));
  uint64_t value;
  // Ordinary loads may be unaligned; exclusive ones across a 16-byte boundary may not, on any processor.
  __asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(block + 13));
  CHECK_FAULT(__asm__ volatile("ldxr %0, [%1]" : "=r"(value) : "r"(block + 13)), SIGBUS, BUS_ADRALN, block + 13);
  CHECK_EQ(CLASS(syndrome), DATA_ABORT);
  CHECK_EQ(STATUS(syndrome), ALIGNMENT);
  CHECK_FAULT(__asm__ volatile("ldar %0, [%1]" : "=r"(value) : "r"(block + 13)), SIGBUS, BUS_ADRALN, block + 13);

  // A stack pointer that is not aligned to 16 bytes may be used for anything but access; QEMU's emulation allows access as well.
  for (uintptr_t odd = 1; odd < 16; odd++) {
    uintptr_t stack = (uintptr_t)block + 16 + odd;
    if (FAULT_OF(__asm__ volatile("mov x19, sp; mov sp, %0; ldr x1, [sp]; mov sp, x19" ::"r"(stack) : "x1", "x19")) == 0)
      continue;
    CHECK(fault_info.si_signo == SIGBUS && fault_info.si_code == BUS_ADRALN);
    CHECK_EQ((uintptr_t)fault_info.si_addr, stack);
    CHECK_EQ(CLASS(syndrome), 0x26);
  }
  for (uintptr_t odd = 1; odd < 4; odd++) {
    uintptr_t target = (uintptr_t)undefined + odd;
    CHECK_FAULT(((void (*)(void))target)(), SIGBUS, BUS_ADRALN, target);
    CHECK_EQ(fault_pc, target);
    CHECK_EQ(CLASS(syndrome), 0x22);
  }
}

// A handler that steps over the faulting instruction and answers in registers.
static void step_over(int number, siginfo_t *info, void *pointer) {
  mcontext_t *machine = &((ucontext_t *)pointer)->uc_mcontext;
  (void)number, (void)info;
  machine->pc += 4;
  machine->regs[0] = 0x1122334455667788;
  machine->regs[17] = 0x17;
  machine->regs[30] = 0x30;
}

static void check_changed_registers(void) {
  struct sigaction action = {.sa_sigaction = step_over, .sa_flags = SA_SIGINFO};
  register uint64_t x0 __asm__("x0") = 1;
  register uint64_t x1 __asm__("x1") = 2;
  register uint64_t x17 __asm__("x17") = 3;
  register uint64_t x30 __asm__("x30") = 4;
  REQUIRE(sigaction(SIGILL, &action, 0) == 0);
  __asm__ volatile("mov x0, 1; mov x1, 2; mov x17, 3; mov x30, 4; udf 0" : "=r"(x0), "=r"(x1), "=r"(x17), "=r"(x30));
  uint64_t after[] = {x0, x1, x17, x30};
  CHECK_EQ(after[0], 0x1122334455667788);
  CHECK_EQ(after[1], 2);
  CHECK_EQ(after[2], 0x17);
  CHECK_EQ(after[3], 0x30);
}

int main(void) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
  catch_faults_on_own_stack();
  struct sigaction action = {.sa_sigaction = on_exception, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  for (size_t i = 0; i < COUNT(signals); i++) REQUIRE(sigaction(signals[i], &action, 0) == 0);
  check_instructions();
  check_aborts();
  check_alignment();
  check_changed_registers();
  return finish();
}
