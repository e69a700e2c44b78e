// broken-frame: rt_sigreturn of a frame without floating-point state, or with another level's PSTATE: general registers and mask come
// from the frame, then SIGSEGV, once. man 2 sigreturn; the kernel's arch/arm64/kernel/signal.c.
#include "records.h"

#define NZCV 0xf0000000ul

static void (*spoil)(mcontext_t *context, struct fpsimd_context *state);
static volatile int faults;
static siginfo_t fault_info;
static mcontext_t fault_registers;
static sigset_t fault_mask;
static bool has_syndrome;
static __uint128_t v31_in_fault;

static void on_signal(int number, siginfo_t *info, void *pointer) {
  ucontext_t *context = pointer;
  (void)number, (void)info;
  context->uc_mcontext.regs[0] = 0xa0a;
  context->uc_mcontext.regs[19] = 0x1919;
  context->uc_mcontext.regs[20] = 0x2020;
  context->uc_mcontext.pstate = (context->uc_mcontext.pstate & ~NZCV) | 0x50000000;
  sigaddset(&context->uc_sigmask, SIGUSR2);
  spoil(&context->uc_mcontext, find_record(context, FPSIMD_MAGIC));
  __asm__ volatile("movi v31.16b, #0x55" ::: "v31");
}

static void on_fault(int number, siginfo_t *info, void *pointer) {
  ucontext_t *context = pointer;
  (void)number;
  if (++faults > 3) _exit(2);
  fault_info = *info;
  memcpy(&fault_registers, &context->uc_mcontext, offsetof(mcontext_t, __reserved));
  memcpy(&fault_mask, &context->uc_sigmask, 8);
  has_syndrome = find_record(context, ESR_MAGIC) != 0;
  struct fpsimd_context *state = find_record(context, FPSIMD_MAGIC);
  if (state) v31_in_fault = state->vregs[31];
}

struct after {
  uint64_t x0, x19, x20, sp, pc, flags;
  __uint128_t v31;
};

// Sends itself SIGUSR1 and returns the registers after it.
static struct after signalled(void) {
  struct after after;
  register uint64_t x0 __asm__("x0") = (uint64_t)getpid();
  register uint64_t x1 __asm__("x1") = SIGUSR1;
  register uint64_t x8 __asm__("x8") = SYS_kill;
  register uint64_t x19 __asm__("x19") = 19;
  register uint64_t x20 __asm__("x20") = 20;
  uint64_t sp, pc, flags;
  __asm__ volatile(
      "movi v31.16b, #0x33; mov %[sp], sp; adr %[pc], 1f; cmp xzr, xzr\n"
      "svc 0\n1: mrs %[flags], nzcv; str q31, [%[v31]]"
      : "+r"(x0), "+r"(x19), "+r"(x20), [sp] "=&r"(sp), [pc] "=&r"(pc), [flags] "=&r"(flags)
      : "r"(x1), "r"(x8), [v31] "r"(&after.v31)
      : "memory", "cc", "v31");
  after.x0 = x0, after.x19 = x19, after.x20 = x20, after.sp = sp, after.pc = pc, after.flags = flags;
  return after;
}

static __uint128_t bytes_of(unsigned char byte) {
  __uint128_t value;
  memset(&value, byte, sizeof(value));
  return value;
}

static void check(const char *what, void (*how)(mcontext_t *, struct fpsimd_context *), bool refused) {
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
  CHECK_EQ(after.x19, 0x1919);
  CHECK_EQ(after.x20, 0x2020);
  CHECK_EQ(after.flags, 0x50000000);
  CHECK(sigismember(&set, SIGUSR2));
  CHECK_EQ(after.x0, refused ? 0 : 0xa0a);
  CHECK(after.v31 == bytes_of(refused ? 0x55 : 0x33));
  if (refused) {
    CHECK_EQ(fault_info.si_signo, SIGSEGV);
    CHECK_EQ(fault_info.si_code, SEGV_ACCERR);
    CHECK_EQ((uintptr_t)fault_info.si_addr, after.sp);
    CHECK_EQ(fault_registers.fault_address, 0);
    CHECK(!has_syndrome);
    CHECK_EQ(fault_registers.regs[0], 0);
    CHECK_EQ(fault_registers.regs[19], 0x1919);
    CHECK_EQ(fault_registers.pc, after.pc);
    CHECK_EQ(fault_registers.sp, after.sp);
    CHECK_EQ(fault_registers.pstate & (NZCV | 0x3df), 0x50000000);
    CHECK(sigismember(&fault_mask, SIGUSR2) && !sigismember(&fault_mask, SIGSEGV));
    CHECK(v31_in_fault == bytes_of(0x55));
  }
  if (failures != before) dprintf(2, "  with %s\n", what);
}

static void nothing(mcontext_t *context, struct fpsimd_context *state) { (void)context, (void)state; }
static void no_record(mcontext_t *context, struct fpsimd_context *state) { (void)context, memset(&state->head, 0, 8); }
static void wrong_magic(mcontext_t *context, struct fpsimd_context *state) { (void)context, state->head.magic = 1; }
static void wrong_size(mcontext_t *context, struct fpsimd_context *state) { (void)context, state->head.size = 16; }
static void higher_level(mcontext_t *context, struct fpsimd_context *state) { (void)state, context->pstate |= 5; }
static void thirty_two_bits(mcontext_t *context, struct fpsimd_context *state) { (void)state, context->pstate |= 0x10; }
static void masked(mcontext_t *context, struct fpsimd_context *state) { (void)state, context->pstate |= 0x80; }

#define CHECK_TAKEN(how) check(#how, how, false)
#define CHECK_REFUSED(how) check(#how, how, true)

int main(void) {
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGUSR1, &action, 0) == 0);
  action.sa_sigaction = on_fault;
  REQUIRE(sigaction(SIGSEGV, &action, 0) == 0);

  CHECK_TAKEN(nothing);
  CHECK_REFUSED(no_record);
  CHECK_REFUSED(wrong_magic);
  CHECK_REFUSED(wrong_size);
  CHECK_REFUSED(higher_level);
  CHECK_REFUSED(thirty_two_bits);
  CHECK_REFUSED(masked);
  return finish();
}
