// broken-frame: rt_sigreturn of a frame with invalid floating-point state: general registers and mask come from the frame, then
// SIGSEGV, once. man 2 sigreturn; SDM vol. 1, 13.8.1.
#include <cpuid.h>
#include <setjmp.h>
#include <ucontext.h>

#include "check.h"

#define BAD_MXCSR 0xffff1f80

static void (*spoil)(mcontext_t *context, unsigned char *area);
static volatile int faults;
static siginfo_t fault_info;
static greg_t fault_registers[NGREG];
static sigset_t fault_mask;
static uint64_t xmm3_in_fault[2];
static uintptr_t stack_in_fault;

static uint32_t word_at(const unsigned char *area, size_t offset) {
  uint32_t word;
  memcpy(&word, area + offset, 4);
  return word;
}
static void set_word(unsigned char *area, size_t offset, uint32_t word) { memcpy(area + offset, &word, 4); }

static void on_signal(int number, siginfo_t *info, void *pointer) {
  ucontext_t *context = pointer;
  (void)number, (void)info;
  context->uc_mcontext.gregs[REG_RBX] = 0xb0b;
  context->uc_mcontext.gregs[REG_RAX] = 0xa0a;
  context->uc_mcontext.gregs[REG_R12] = 0x1212;
  sigaddset(&context->uc_sigmask, SIGUSR2);
  spoil(&context->uc_mcontext, (unsigned char *)context->uc_mcontext.fpregs);
}

static void on_fault(int number, siginfo_t *info, void *pointer) {
  ucontext_t *context = pointer;
  (void)number;
  if (++faults > 3) _exit(2);
  fault_info = *info;
  memcpy(fault_registers, context->uc_mcontext.gregs, sizeof(fault_registers));
  memcpy(&fault_mask, &context->uc_sigmask, 8);
  memcpy(xmm3_in_fault, &context->uc_mcontext.fpregs->_xmm[3], 16);
  stack_in_fault = (uintptr_t)__builtin_frame_address(0);
}

struct after {
  uint64_t rax, rbx, r12, rsp, pc;
  uint64_t xmm3[2];
};

// Sends itself SIGUSR1 and returns the registers after it.
static struct after signalled(void) {
  struct after after;
  static const uint64_t pattern[2] = {0x3333333333333333, 0x4444444444444444};
  uint64_t rax = SYS_kill, rbx, r12, rsp, pc;
  __asm__ volatile(
      "mov $1, %%ebx; mov $2, %%r12d; movdqu %[pattern], %%xmm3; lea 1f(%%rip), %[pc]; mov %%rsp, %[rsp]\n"
      "syscall\n1: mov %%rbx, %[rbx]; mov %%r12, %[r12]; movdqu %%xmm3, %[xmm3]"
      : "+a"(rax), [rbx] "=&r"(rbx), [r12] "=&r"(r12), [rsp] "=&r"(rsp), [pc] "=&r"(pc), [xmm3] "=m"(after.xmm3)
      : "D"((long)getpid()), "S"((long)SIGUSR1), [pattern] "m"(pattern)
      : "rbx", "rcx", "r11", "r12", "xmm3", "memory");
  after.rax = rax, after.rbx = rbx, after.r12 = r12, after.rsp = rsp, after.pc = pc;
  return after;
}

static bool masks_usr2(const sigset_t *set) { return sigismember(set, SIGUSR2); }

static void check(const char *what, void (*how)(mcontext_t *, unsigned char *), bool refused) {
  sigset_t set, none;
  sigemptyset(&none);
  memset(&fault_info, 0, sizeof(fault_info));
  faults = 0;
  spoil = how;
  struct after after = signalled();
  sigprocmask(SIG_SETMASK, &none, &set);
  int before = failures;
  CHECK_EQ(faults, refused);
  // What the frame said, whether it was refused or not.
  CHECK_EQ(after.rbx, 0xb0b);
  CHECK_EQ(after.r12, 0x1212);
  CHECK(masks_usr2(&set));
  if (refused) {
    CHECK_EQ(fault_info.si_signo, SIGSEGV);
    CHECK_EQ(fault_info.si_code, SI_KERNEL);
    CHECK_EQ((uintptr_t)fault_info.si_addr, 0);
    CHECK_EQ(fault_registers[REG_RBX], 0xb0b);
    CHECK_EQ(fault_registers[REG_RIP], after.pc);
    CHECK_EQ(fault_registers[REG_RSP], after.rsp);
    CHECK(stack_in_fault < after.rsp - 128);
    // The call's own result.
    CHECK_EQ(fault_registers[REG_RAX], 0);
    CHECK_EQ(after.rax, 0);
    CHECK(masks_usr2(&fault_mask) && !sigismember(&fault_mask, SIGSEGV));
    CHECK_EQ(xmm3_in_fault[0] | xmm3_in_fault[1] | after.xmm3[0] | after.xmm3[1], 0);
  } else {
    CHECK_EQ(after.rax, 0xa0a);
  }
  if (failures != before) dprintf(2, "  with %s\n", what);
}

static void nothing(mcontext_t *context, unsigned char *area) { (void)context, (void)area; }
static void compacted(mcontext_t *context, unsigned char *area) { (void)context, area[527] = 0x80; }
static void low_xcomp(mcontext_t *context, unsigned char *area) { (void)context, area[520] = 1; }
static void third_word(mcontext_t *context, unsigned char *area) { (void)context, area[528] = 1; }
static void reserved_word(mcontext_t *context, unsigned char *area) { (void)context, area[536] = 1; }
static void last_reserved(mcontext_t *context, unsigned char *area) { (void)context, area[575] = 1; }
static void unknown_component(mcontext_t *context, unsigned char *area) { (void)context, area[519] = 0x40; }
static void all_components(mcontext_t *context, unsigned char *area) { (void)context, memset(area + 512, 0xff, 8); }
static void mxcsr(mcontext_t *context, unsigned char *area) { (void)context, set_word(area, 24, BAD_MXCSR); }
static void wrong_start(mcontext_t *context, unsigned char *area) { (void)context, set_word(area, 464, 0); }
static void wrong_end(mcontext_t *context, unsigned char *area) { (void)context, set_word(area, word_at(area, 480), 0); }
static void wrong_end_and_header(mcontext_t *context, unsigned char *area) {
  wrong_end(context, area);
  memset(area + 512, 0xff, 64);
}
static void small_area(mcontext_t *context, unsigned char *area) { (void)context, set_word(area, 480, 575); }
static void large_area(mcontext_t *context, unsigned char *area) { (void)context, set_word(area, 480, 1 << 20); }
static void larger_than_room(mcontext_t *context, unsigned char *area) { (void)context, set_word(area, 468, 600); }
static void no_features(mcontext_t *context, unsigned char *area) { (void)context, memset(area + 472, 0, 8); }
static void all_features(mcontext_t *context, unsigned char *area) { (void)context, memset(area + 472, 0xff, 8); }
static void null_area(mcontext_t *context, unsigned char *area) { (void)area, context->fpregs = 0; }
static void odd_area(mcontext_t *context, unsigned char *area) { context->fpregs = (void *)(area + 8); }
static void unmapped_area(mcontext_t *context, unsigned char *area) { (void)area, context->fpregs = (void *)0x1000; }
static void kernel_area(mcontext_t *context, unsigned char *area) { (void)area, context->fpregs = (void *)KERNEL_START; }
static void non_canonical_area(mcontext_t *context, unsigned char *area) { (void)area, context->fpregs = (void *)(1ul << 62); }

static sigjmp_buf refused_mxcsr;
static void on_refusal(int number) { (void)number, siglongjmp(refused_mxcsr, 1); }

// QEMU's emulated processor accepts any; PVM hosts raise an undefined opcode for it.
static bool refuses_mxcsr(void) {
  const unsigned usual = 0x1f80, reserved = BAD_MXCSR;
  signal(SIGSEGV, on_refusal);
  signal(SIGILL, on_refusal);
  if (sigsetjmp(refused_mxcsr, 1)) return true;
  __asm__ volatile("ldmxcsr %0; ldmxcsr %1" ::"m"(reserved), "m"(usual));
  return false;
}

#define CHECK_TAKEN(how) check(#how, how, false)
#define CHECK_REFUSED(how) check(#how, how, true)

int main(void) {
  bool mxcsr_matters = refuses_mxcsr();
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGUSR1, &action, 0) == 0);
  action.sa_sigaction = on_fault;
  REQUIRE(sigaction(SIGSEGV, &action, 0) == 0);

  CHECK_TAKEN(nothing);
  if (mxcsr_matters) CHECK_REFUSED(mxcsr);
  CHECK_TAKEN(null_area);
  CHECK_REFUSED(unmapped_area);
  CHECK_REFUSED(kernel_area);
  CHECK_REFUSED(non_canonical_area);
  unsigned a, b, c, d;
  __cpuid(1, a, b, c, d);
  if (!(c & bit_OSXSAVE)) return finish();
  CHECK_REFUSED(odd_area);
  CHECK_REFUSED(compacted);
  CHECK_REFUSED(low_xcomp);
  CHECK_REFUSED(third_word);
  CHECK_TAKEN(reserved_word);
  CHECK_TAKEN(last_reserved);
  CHECK_REFUSED(unknown_component);
  CHECK_REFUSED(all_components);
  CHECK_TAKEN(wrong_start);
  CHECK_TAKEN(wrong_end);
  CHECK_TAKEN(wrong_end_and_header);
  CHECK_TAKEN(small_area);
  CHECK_TAKEN(large_area);
  CHECK_TAKEN(larger_than_room);
  CHECK_TAKEN(no_features);
  CHECK_TAKEN(all_features);
  return finish();
}
