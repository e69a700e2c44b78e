// registers: what a system call leaves alone: x1 to x30, flags, V0 to V31, FPCR, FPSR. man 2 syscall, Arm ARM B1.2.
#include "check.h"

struct general {
  uint64_t x[31], flags;
};

// Loads all of `in`, makes the system call in x8, stores all to `out`. x30 and x29 are overwritten too: the pointers wait on the stack.
void call_with(const struct general *in, struct general *out);
__asm__(
    ".text\n.global call_with\n.type call_with, %function\ncall_with:\n"
    "stp x29, x30, [sp, -128]!; stp x19, x20, [sp, 16]; stp x21, x22, [sp, 32]; stp x23, x24, [sp, 48]\n"
    "stp x25, x26, [sp, 64]; stp x27, x28, [sp, 80]; str x1, [sp, 96]\n"
    "ldr x1, [x0, 248]; msr nzcv, x1\n"
    "ldp x1, x2, [x0, 8]; ldp x3, x4, [x0, 24]; ldp x5, x6, [x0, 40]; ldp x7, x8, [x0, 56]; ldp x9, x10, [x0, 72]\n"
    "ldp x11, x12, [x0, 88]; ldp x13, x14, [x0, 104]; ldp x15, x16, [x0, 120]; ldp x17, x18, [x0, 136]\n"
    "ldp x19, x20, [x0, 152]; ldp x21, x22, [x0, 168]; ldp x23, x24, [x0, 184]; ldp x25, x26, [x0, 200]\n"
    "ldp x27, x28, [x0, 216]; ldp x29, x30, [x0, 232]; ldr x0, [x0]\n"
    "svc 0\n"
    "stp x0, x1, [sp, 104]; ldr x0, [sp, 96]\n"
    "stp x2, x3, [x0, 16]; stp x4, x5, [x0, 32]; stp x6, x7, [x0, 48]; stp x8, x9, [x0, 64]; stp x10, x11, [x0, 80]\n"
    "stp x12, x13, [x0, 96]; stp x14, x15, [x0, 112]; stp x16, x17, [x0, 128]; stp x18, x19, [x0, 144]\n"
    "stp x20, x21, [x0, 160]; stp x22, x23, [x0, 176]; stp x24, x25, [x0, 192]; stp x26, x27, [x0, 208]\n"
    "stp x28, x29, [x0, 224]; str x30, [x0, 240]; mrs x1, nzcv; str x1, [x0, 248]\n"
    "ldp x1, x2, [sp, 104]; stp x1, x2, [x0]\n"
    "ldp x19, x20, [sp, 16]; ldp x21, x22, [sp, 32]; ldp x23, x24, [sp, 48]; ldp x25, x26, [sp, 64]\n"
    "ldp x27, x28, [sp, 80]; ldp x29, x30, [sp], 128; ret\n");

// Every call number takes the same way out; these take different ways inside: answered at once, by the sentry, or after sleeping.
static const int calls[] = {SYS_getpid, SYS_gettid, SYS_getuid, SYS_sched_yield, SYS_close, 9999};

static void check_general(uint64_t flags) {
  for (size_t i = 0; i < COUNT(calls); i++) {
    struct general in = {.flags = flags}, out = {0};
    for (size_t n = 0; n < 31; n++) in.x[n] = 0x0101010101010101 * n | 1ul << 63;
    in.x[0] = -1ul;
    in.x[8] = (uint64_t)calls[i];
    call_with(&in, &out);
    for (size_t n = 1; n < 31; n++)
      if (out.x[n] != in.x[n]) fail(__FILE__, __LINE__, "a register is kept", (long long)n, calls[i]);
    CHECK_EQ(out.flags, flags);
    if (calls[i] == SYS_getpid) CHECK_EQ(out.x[0], getpid());
    if (calls[i] == SYS_close) CHECK_EQ(out.x[0], -EBADF);
    if (calls[i] == 9999) CHECK_EQ(out.x[0], -ENOSYS);
  }
}

// Only the low 32 bits of the call number count, and the instruction's own number does not.
static void check_number(void) {
  struct general in = {.x[8] = 0xffffffff00000000 | SYS_getpid}, out = {0};
  call_with(&in, &out);
  CHECK_EQ(out.x[0], getpid());
  register long x8 __asm__("x8") = SYS_getpid;
  register long x0 __asm__("x0") = 0;
  __asm__ volatile("svc 0xffff" : "+r"(x0) : "r"(x8) : "memory");
  long result = x0;
  CHECK_EQ(result, getpid());
}

#define EACH_PAIR(f) \
  f(0, 1) f(2, 3) f(4, 5) f(6, 7) f(8, 9) f(10, 11) f(12, 13) f(14, 15) f(16, 17) f(18, 19) f(20, 21) f(22, 23) f(24, 25) \
      f(26, 27) f(28, 29) f(30, 31)
#define LOAD(a, b) "ldp q" #a ", q" #b ", [%[from], " #a " * 16]\n"
#define SAVE(a, b) "stp q" #a ", q" #b ", [%[to], " #a " * 16]\n"
#define CLOBBERS(a, b) "v" #a, "v" #b,

static void check_vectors(void) {
  unsigned char before[32][16], after[32][16];
  for (size_t i = 0; i < sizeof(before); i++) ((unsigned char *)before)[i] = (unsigned char)(i * 7 + 1);
  for (int i = 0; i < 200; i++) {
    register long x8 __asm__("x8") = i % 2 ? SYS_sched_yield : SYS_getpid;
    register long x0 __asm__("x0") = 0;
    memset(after, 0, sizeof(after));
    __asm__ volatile(EACH_PAIR(LOAD) "svc 0\n" EACH_PAIR(SAVE)
                     : "+r"(x0)
                     : "r"(x8), [from] "r"(before), [to] "r"(after)
                     : EACH_PAIR(CLOBBERS) "memory");
    for (int n = 0; n < 32; n++) CHECK(memcmp(before[n], after[n], 16) == 0);
  }
}

static uint64_t control(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}

static uint64_t status(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, fpsr" : "=r"(value));
  return value;
}

static void check_control_words(void) {
  // Default NaN, flush to zero, round towards zero; saturation, inexact, division by zero.
  const uint64_t odd_control = 1ul << 25 | 1ul << 24 | 3ul << 22, odd_status = 1ul << 27 | 1ul << 4 | 1ul << 1;
  CHECK_EQ(control(), 0);
  __asm__ volatile("msr fpcr, %0; msr fpsr, %1" ::"r"(odd_control), "r"(odd_status));
  syscall(SYS_sched_yield);
  CHECK_EQ(control(), odd_control);
  CHECK_EQ(status(), odd_status);
  __asm__ volatile("msr fpcr, xzr; msr fpsr, xzr");
}

int main(void) {
  check_general(0);
  check_general(0xf0000000);
  check_general(0x60000000);
  check_number();
  check_vectors();
  check_control_words();
  return finish();
}
