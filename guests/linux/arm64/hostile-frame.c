// hostile-frame: signal frames forged before the return: PSTATE of another level, records that lie. man 2 sigreturn.
#include "fault.h"
#include "records.h"

static uint64_t forged_pstate;
static void (*forge_records)(char *records, struct fpsimd_context *state);

static void forge(int number, siginfo_t *info, void *pointer) {
  ucontext_t *context = pointer;
  (void)number, (void)info;
  if (forge_records)
    forge_records((char *)context->uc_mcontext.__reserved, find_record(context, FPSIMD_MAGIC));
  else
    context->uc_mcontext.pstate = forged_pstate;
}

// The kernel's valid_user_regs: EL0, 64 bits, nothing masked; or the frame is refused.
static void check_pstate(void) {
  static const uint64_t refused[] = {
      0x4, 0x5, 0x8, 0x9, 0xc, 0xd, 0x1, 0x10, 0x1f, 0x13, 0x40, 0x80, 0x100, 0x200, 0x3c0, 0x3c5, 0xf00003c5, ~0ul,
  };
  for (size_t i = 0; i < COUNT(refused); i++) {
    forged_pstate = refused[i];
    CHECK_EQ(FAULT_OF(raise(SIGUSR1)), SIGSEGV);
  }
  // Illegal state, PAN, UAO, single step and reserved bits: not for programs, and dropped silently.
  static const uint64_t dropped[] = {1ul << 20, 1ul << 21, 1ul << 22, 1ul << 23, 1ul << 26, 1ul << 27, 1ul << 32, 1ul << 63};
  for (size_t i = 0; i < COUNT(dropped); i++) {
    forged_pstate = dropped[i];
    CHECK_EQ(FAULT_OF(raise(SIGUSR1)), 0);
  }
}

static void no_records(char *records, struct fpsimd_context *state) { (void)state, memset(records, 0, 16); }
static void short_state(char *records, struct fpsimd_context *state) { (void)records, state->head.size = 16; }
static void long_state(char *records, struct fpsimd_context *state) { (void)records, state->head.size = 0x7fffffff; }
static void no_size(char *records, struct fpsimd_context *state) { (void)records, state->head.size = 0; }
static void odd_size(char *records, struct fpsimd_context *state) { (void)records, state->head.size = sizeof(*state) + 1; }
static void unknown_magic(char *records, struct fpsimd_context *state) { (void)records, state->head.magic = 0x12345678; }
static void end_with_size(char *records, struct fpsimd_context *state) {
  (void)records;
  ((struct _aarch64_ctx *)(state + 1))->magic = 0;
  ((struct _aarch64_ctx *)(state + 1))->size = 16;
}
static void twice(char *records, struct fpsimd_context *state) {
  (void)records;
  memcpy(state + 1, state, sizeof(*state));
  memset(state + 2, 0, 16);
}
static void no_end(char *records, struct fpsimd_context *state) {
  (void)state;
  for (size_t at = 0; at < sizeof(((mcontext_t *)0)->__reserved); at += 16)
    *(struct _aarch64_ctx *)(records + at) = (struct _aarch64_ctx){ESR_MAGIC, 16};
}
// Records elsewhere: only directly after this area, and never in the kernel's half.
static void extra(char *records, uint64_t where) {
  struct extra_context *record = (void *)records;
  *record = (struct extra_context){.head = {EXTRA_MAGIC, sizeof(*record)}, .datap = where, .size = 4096};
  memset(record + 1, 0, 16);
}
static void extra_kernel(char *records, struct fpsimd_context *state) { (void)state, extra(records, KERNEL_START); }
static void extra_null(char *records, struct fpsimd_context *state) { (void)state, extra(records, 0); }
static void extra_odd(char *records, struct fpsimd_context *state) { (void)state, extra(records, (uint64_t)records + 33); }

static void check_records(void) {
  static void (*const forgers[])(char *, struct fpsimd_context *) = {
      no_records, short_state, long_state, no_size,  odd_size,     unknown_magic, end_with_size,
      twice,      no_end,      extra_null, extra_odd, extra_kernel,
  };
  for (size_t i = 0; i < COUNT(forgers); i++) {
    forge_records = forgers[i];
    if (FAULT_OF(raise(SIGUSR1)) != SIGSEGV) fail(__FILE__, __LINE__, "the frame is refused", (long long)i, 0);
  }
  forge_records = 0;
}

int main(void) {
  struct sigaction action = {.sa_sigaction = forge, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGUSR1, &action, 0) == 0);
  catch_faults();
  check_pstate();
  check_records();
  CHECK_EQ(syscall(SYS_getpid), getpid());
  return finish();
}
