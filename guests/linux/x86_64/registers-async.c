// registers-async: a signal at any instruction leaves every register as it was, whatever its handler does. man 7 signal.
#include <cpuid.h>
#include <sys/time.h>

#include "check.h"

static volatile sig_atomic_t ticks;
static bool avx, avx512;

// Leaves garbage in everything a handler may use.
static void on_tick(int number) {
  (void)number;
  ticks++;
  unsigned odd = 0x1f80 | 0x6000;
  unsigned short control = 0xc7f;
  __asm__ volatile("fninit; fldcw %1; fldpi; fldpi; ldmxcsr %0" ::"m"(odd), "m"(control));
  __asm__ volatile("pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm1, %%xmm1; pcmpeqd %%xmm7, %%xmm7; pcmpeqd %%xmm15, %%xmm15" ::
                       : "xmm0", "xmm1", "xmm7", "xmm15");
  if (avx) __asm__ volatile("vxorps %%ymm2, %%ymm2, %%ymm2; vzeroall" ::: "xmm2");
  if (avx512) __asm__ volatile("vpxorq %%zmm20, %%zmm20, %%zmm20; kxorw %%k1, %%k1, %%k1" ::: "memory");
  __asm__ volatile("mov $-1, %%rax; mov %%rax, %%rcx; mov %%rax, %%rdx; mov %%rax, %%rsi; mov %%rax, %%rdi; mov %%rax, %%r8;"
                   "mov %%rax, %%r9; mov %%rax, %%r10; mov %%rax, %%r11; stc; std; cld" ::
                       : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
}

// Spins `count` times with a known value in every register; returns 0 if none ever changed.
uint64_t spin_general(uint64_t count);
__asm__(
    ".text\n.global spin_general\nspin_general:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rdi\n"
    "mov $1, %eax; mov $2, %ebx; mov $3, %ecx; mov $4, %edx; mov $5, %esi; mov $6, %edi; mov $7, %ebp; mov $8, %r8d\n"
    "mov $9, %r9d; mov $10, %r10d; mov $11, %r11d; mov $12, %r12d; mov $13, %r13d; mov $14, %r14d; mov $15, %r15d\n"
    // The red zone below the stack pointer is the program's as well.
    "movq $0x5a5a, -8(%rsp); movq $0xa5a5, -128(%rsp)\n"
    "1: cmp $1, %rax; jne 2f; cmp $2, %rbx; jne 2f; cmp $3, %rcx; jne 2f; cmp $4, %rdx; jne 2f; cmp $5, %rsi; jne 2f\n"
    "cmp $6, %rdi; jne 2f; cmp $7, %rbp; jne 2f; cmp $8, %r8; jne 2f; cmp $9, %r9; jne 2f; cmp $10, %r10; jne 2f\n"
    "cmp $11, %r11; jne 2f; cmp $12, %r12; jne 2f; cmp $13, %r13; jne 2f; cmp $14, %r14; jne 2f; cmp $15, %r15; jne 2f\n"
    "cmpq $0x5a5a, -8(%rsp); jne 2f; cmpq $0xa5a5, -128(%rsp); jne 2f\n"
    // Flags survive instructions that leave them alone.
    "stc; lea 0(%rax), %rax; lea 0(%rbx), %rbx; jnc 2f; clc; lea 0(%rax), %rax; lea 0(%rbx), %rbx; jc 2f\n"
    "std; lea 0(%rax), %rax; lea 0(%rax), %rax; cld\n"
    "decq (%rsp); jnz 1b\n"
    "xor %eax, %eax; jmp 3f\n"
    "2: mov $1, %eax\n"
    "3: cld; pop %rdi; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");

static bool vectors_survive(int rounds) {
  static const unsigned char pattern[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                            23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41};
  unsigned char out[5][64];
  unsigned mxcsr = 0x1f80 | 0x2000, mxcsr_after, usual = 0x1f80;
  unsigned mask = 0xbeef;
  uint64_t count = 300000;
  bool right = true;
  double pi_less_pi;
  while (rounds-- > 0 && right) {
    uint64_t left = count;
    memset(out, 0, sizeof(out));
    __asm__ volatile("ldmxcsr %0; fninit; fldpi; fldpi" ::"m"(mxcsr));
    if (avx512) {
      __asm__ volatile(
          "vmovdqu64 %[in], %%zmm0; vmovdqu64 %[in], %%zmm7; vmovdqu64 %[in], %%zmm15; vmovdqu64 %[in], %%zmm20\n"
          "kmovw %k[mask], %%k1\n1: dec %[left]; jnz 1b\nkmovw %%k1, %k[mask]\n"
          "vmovdqu64 %%zmm0, %[a]; vmovdqu64 %%zmm7, %[b]; vmovdqu64 %%zmm15, %[c]; vmovdqu64 %%zmm20, %[d]; vzeroupper"
          : [left] "+r"(left), [mask] "+r"(mask), [a] "=m"(out[0]), [b] "=m"(out[1]), [c] "=m"(out[2]), [d] "=m"(out[3])
          : [in] "m"(pattern)
          : "xmm0", "xmm7", "xmm15", "cc");
      right = mask == 0xbeef && !memcmp(out[3], pattern, 64);
    } else if (avx) {
      __asm__ volatile(
          "vmovdqu %[in], %%ymm0; vmovdqu %[in], %%ymm7; vmovdqu %[in], %%ymm15\n1: dec %[left]; jnz 1b\n"
          "vmovdqu %%ymm0, %[a]; vmovdqu %%ymm7, %[b]; vmovdqu %%ymm15, %[c]; vzeroupper"
          : [left] "+r"(left), [a] "=m"(out[0]), [b] "=m"(out[1]), [c] "=m"(out[2])
          : [in] "m"(pattern)
          : "xmm0", "xmm7", "xmm15", "cc");
    } else {
      __asm__ volatile(
          "movdqu %[in], %%xmm0; movdqu %[in], %%xmm7; movdqu %[in], %%xmm15\n1: dec %[left]; jnz 1b\n"
          "movdqu %%xmm0, %[a]; movdqu %%xmm7, %[b]; movdqu %%xmm15, %[c]"
          : [left] "+r"(left), [a] "=m"(out[0]), [b] "=m"(out[1]), [c] "=m"(out[2])
          : [in] "m"(pattern)
          : "xmm0", "xmm7", "xmm15", "cc");
    }
    __asm__ volatile("stmxcsr %0; fsubrp; fstpl %1; ldmxcsr %2" : "=m"(mxcsr_after), "=m"(pi_less_pi) : "m"(usual));
    size_t width = avx512 ? 64 : avx ? 32 : 16;
    for (int i = 0; i < 3; i++) right = right && !memcmp(out[i], pattern, width);
    right = right && mxcsr_after == mxcsr && pi_less_pi == 0;
  }
  return right;
}

int main(void) {
  unsigned a, b, c, d, xcr0 = 0;
  __cpuid(1, a, b, c, d);
  if ((c & bit_AVX) && (c & bit_OSXSAVE)) __asm__ volatile("xgetbv" : "=a"(xcr0) : "c"(0) : "rdx");
  avx = (xcr0 & 6) == 6;
  __cpuid_count(7, 0, a, b, c, d);
  avx512 = (b & bit_AVX512F) && (xcr0 & 0xe6) == 0xe6;

  struct sigaction action = {.sa_handler = on_tick};
  struct itimerval often = {{0, 1000}, {0, 1000}}, off = {0};
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
  REQUIRE(setitimer(ITIMER_REAL, &often, 0) == 0);
  // No count of rounds: where timers come late, many rounds pass without one. If none comes, the runner's time-out ends the guest.
  while (ticks < 50) REQUIRE(spin_general(50000) == 0);
  for (ticks = 0; ticks < 50;) REQUIRE(vectors_survive(1));
  setitimer(ITIMER_REAL, &off, 0);
  return finish();
}
