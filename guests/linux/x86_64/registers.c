// registers: what a system call leaves alone: general, flags, x87, SSE, AVX, AVX-512. psABI A.2, man 2 syscall.
#include <cpuid.h>
#include <sched.h>

#include "check.h"

struct general {
  uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, flags;
};

// Loads all of `in`, makes the system call in in->rax, stores all to `out`. Both pointers wait on the stack, as rbp is overwritten too.
void call_with(const struct general *in, struct general *out);
__asm__(
    ".text\n.global call_with\ncall_with:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rsi\n"
    "mov %rdi, %rax\n"
    "push 120(%rax); popfq\n"
    "mov 8(%rax), %rbx; mov 24(%rax), %rdx; mov 32(%rax), %rsi; mov 40(%rax), %rdi; mov 48(%rax), %rbp\n"
    "mov 56(%rax), %r8; mov 64(%rax), %r9; mov 72(%rax), %r10; mov 88(%rax), %r12; mov 96(%rax), %r13\n"
    "mov 104(%rax), %r14; mov 112(%rax), %r15; mov (%rax), %rax\n"
    "syscall\n"
    ".global after_syscall\nafter_syscall:\n"
    "xchg %rax, (%rsp)\n"
    "mov %rbx, 8(%rax); mov %rcx, 16(%rax); mov %rdx, 24(%rax); mov %rsi, 32(%rax); mov %rdi, 40(%rax)\n"
    "mov %rbp, 48(%rax); mov %r8, 56(%rax); mov %r9, 64(%rax); mov %r10, 72(%rax); mov %r11, 80(%rax)\n"
    "mov %r12, 88(%rax); mov %r13, 96(%rax); mov %r14, 104(%rax); mov %r15, 112(%rax)\n"
    "pushfq; pop 120(%rax); cld\n"
    "pop (%rax)\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");
extern char after_syscall[];

// Every call number takes the same way out; these take different ways inside: answered at once, by the sentry, or after sleeping.
static const int calls[] = {SYS_getpid, SYS_gettid, SYS_getuid, SYS_sched_yield, SYS_close, 9999};

static void check_general(uint64_t flags) {
  for (size_t i = 0; i < COUNT(calls); i++) {
    struct general in = {.rax = (uint64_t)calls[i], .rbx = 0xb1, .rdx = 0xd1d1d1d1d1d1d1d1, .rsi = 0x51, .rdi = -1ull,
                         .rbp = 0xb9b9b9b9b9b9b9b9, .r8 = 8, .r9 = 9, .r10 = 0xaaaaaaaaaaaaaaaa, .r12 = 12,
                         .r13 = 0x8000000000000000, .r14 = 14, .r15 = ~15ull, .flags = flags};
    struct general out = {0};
    call_with(&in, &out);
    CHECK_EQ(out.rbx, in.rbx);
    CHECK_EQ(out.rdx, in.rdx);
    CHECK_EQ(out.rsi, in.rsi);
    CHECK_EQ(out.rdi, in.rdi);
    CHECK_EQ(out.rbp, in.rbp);
    CHECK_EQ(out.r8, in.r8);
    CHECK_EQ(out.r9, in.r9);
    CHECK_EQ(out.r10, in.r10);
    CHECK_EQ(out.r12, in.r12);
    CHECK_EQ(out.r13, in.r13);
    CHECK_EQ(out.r14, in.r14);
    CHECK_EQ(out.r15, in.r15);
    CHECK_EQ(out.rcx, (uintptr_t)after_syscall);
    CHECK_EQ(out.flags & 0xcd5, flags & 0xcd5);
    if (calls[i] == SYS_getpid) CHECK_EQ(out.rax, getpid());
    if (calls[i] == SYS_close) CHECK_EQ(out.rax, -EBADF);
    if (calls[i] == 9999) CHECK_EQ(out.rax, -ENOSYS);
  }
}

// Only the low 32 bits of the call number count for Linux's table.
static void check_number(void) {
  struct general in = {.rax = 0xffffffff00000000 | SYS_getpid, .flags = 0x202}, out = {0};
  call_with(&in, &out);
  CHECK_EQ(out.rax, getpid());
}

static void check_vectors(void) {
  unsigned a, b = 0, c = 0, d, seven = 0;
  unsigned char before[16][64], after[16][64];
  __cpuid(1, a, b, c, d);
  bool avx = (c & bit_AVX) && (c & bit_OSXSAVE);
  __cpuid_count(7, 0, a, seven, c, d);
  unsigned xcr0 = 0;
  if (avx) __asm__ volatile("xgetbv" : "=a"(xcr0) : "c"(0) : "rdx");
  avx = avx && (xcr0 & 6) == 6;
  bool avx512 = avx && (seven & bit_AVX512F) && (xcr0 & 0xe6) == 0xe6;
  size_t width = avx512 ? 64 : avx ? 32 : 16;
  for (size_t i = 0; i < sizeof(before); i++) ((unsigned char *)before)[i] = (unsigned char)(i * 7 + 1);

#define EACH(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
#define LOAD16(n) "movdqu " #n "*64(%[from]), %%xmm" #n "\n"
#define SAVE16(n) "movdqu %%xmm" #n ", " #n "*64(%[to])\n"
#define LOAD32(n) "vmovdqu " #n "*64(%[from]), %%ymm" #n "\n"
#define SAVE32(n) "vmovdqu %%ymm" #n ", " #n "*64(%[to])\n"
#define LOAD64(n) "vmovdqu64 " #n "*64(%[from]), %%zmm" #n "\n"
#define SAVE64(n) "vmovdqu64 %%zmm" #n ", " #n "*64(%[to])\n"
#define AROUND(load, save) \
  __asm__ volatile(EACH(load) "syscall\n" EACH(save) : "+a"(result) : [from] "r"(before), [to] "r"(after) : CLOBBERED)
#define CLOBBERED \
  "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
      "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
  for (int i = 0; i < 200; i++) {
    uint64_t result = i % 2 ? SYS_sched_yield : SYS_getpid;
    memset(after, 0, sizeof(after));
    if (avx512) {
      AROUND(LOAD64, SAVE64);
    } else if (avx) {
      AROUND(LOAD32, SAVE32);
    } else {
      AROUND(LOAD16, SAVE16);
    }
    for (int n = 0; n < 16; n++) CHECK(memcmp(before[n], after[n], width) == 0);
  }
  if (avx) __asm__ volatile("vzeroupper");
}

static void check_control_words(void) {
  unsigned mxcsr, mxcsr_after, odd = 0x1f80 | 0x6000 | 0x8000;
  unsigned short control, control_after, odd_control = 0xf7f;
  __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(control));
  CHECK_EQ(mxcsr, 0x1f80);
  CHECK_EQ(control, 0x37f);
  double one;
  __asm__ volatile("ldmxcsr %0; fldcw %1; fld1" ::"m"(odd), "m"(odd_control));
  syscall(SYS_sched_yield);
  __asm__ volatile("stmxcsr %0; fnstcw %1; fstpl %2" : "=m"(mxcsr_after), "=m"(control_after), "=m"(one));
  CHECK_EQ(mxcsr_after, odd);
  CHECK_EQ(control_after, odd_control);
  CHECK(one == 1.0);
  __asm__ volatile("ldmxcsr %0; fldcw %1" ::"m"(mxcsr), "m"(control));
}

int main(void) {
  check_general(0x202);
  check_general(0x202 | 0x8d5);
  check_general(0x202 | 0x400 | 0x41);
  check_number();
  check_vectors();
  check_control_words();
  return finish();
}
