// registers-async: a signal at any instruction leaves every register as it was, whatever its handler does. man 7 signal.
#include <asm/hwcap.h>
#include <sys/auxv.h>
#include <sys/time.h>

#include "check.h"

static volatile sig_atomic_t ticks;
static bool has_sve;

// Leaves garbage in everything a handler may use.
static void on_tick(int number) {
  (void)number;
  ticks++;
  uint64_t odd_control = 1ul << 25 | 3ul << 22;
  __asm__ volatile("msr fpcr, %0; msr fpsr, %1" ::"r"(odd_control), "r"(0x9ful));
#define DIRTY(n) "movi v" #n ".16b, 255\n"
  __asm__ volatile(DIRTY(0) DIRTY(1) DIRTY(7) DIRTY(8) DIRTY(15) DIRTY(16) DIRTY(31)::
                       : "v0", "v1", "v7", "v8", "v15", "v16", "v31");
  if (has_sve)
    __asm__ volatile(".arch_extension sve\nptrue p0.b; ptrue p7.b; mov z0.b, p0/z, 85; mov z31.b, p0/z, 85; pfalse p0.b; setffr"
                     ::: "v0", "v31", "memory");
  __asm__ volatile("mov x0, -1; mov x1, x0; mov x2, x0; mov x3, x0; mov x4, x0; mov x5, x0; mov x6, x0; mov x7, x0\n"
                   "mov x8, x0; mov x9, x0; mov x10, x0; mov x11, x0; mov x12, x0; mov x13, x0; mov x14, x0; mov x15, x0\n"
                   "mov x16, x0; mov x17, x0; mov x18, x0; cmp xzr, xzr" ::
                       : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                         "x15", "x16", "x17", "x18", "cc");
}

// Spins `count` times with a known value in every register; returns 0 if none ever changed. x0 is a work register.
uint64_t spin_general(uint64_t count);
#define EACH_NUMBER ".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
__asm__(
    ".text\n.global spin_general\n.type spin_general, %function\nspin_general:\n"
    "stp x29, x30, [sp, -112]!; stp x19, x20, [sp, 16]; stp x21, x22, [sp, 32]; stp x23, x24, [sp, 48]\n"
    "stp x25, x26, [sp, 64]; stp x27, x28, [sp, 80]; str x0, [sp, 96]\n"
    EACH_NUMBER "mov x\\n, \\n\n.endr\n"
    "1:" EACH_NUMBER "cmp x\\n, \\n; b.ne 2f\n.endr\n"
    // Flags survive instructions that leave them alone.
    "cmp xzr, xzr; mov x0, x1; mov x0, x2; b.ne 2f; b.cc 2f; cmp xzr, x1; mov x0, x1; mov x0, x2; b.pl 2f; b.cs 2f\n"
    // An exclusive pair either succeeds or is repeated: a handler in between clears the monitor.
    "add x0, sp, 104; stp x1, x2, [sp, -16]!\n"
    "3: ldxr x1, [x0]; add x1, x1, 1; stxr w2, x1, [x0]; cbnz w2, 3b\n"
    "ldp x1, x2, [sp], 16\n"
    "ldr x0, [sp, 96]; subs x0, x0, 1; str x0, [sp, 96]; b.ne 1b\n"
    "mov x0, 0; b 4f\n"
    "2: mov x0, 1\n"
    "4: ldp x19, x20, [sp, 16]; ldp x21, x22, [sp, 32]; ldp x23, x24, [sp, 48]; ldp x25, x26, [sp, 64]\n"
    "ldp x27, x28, [sp, 80]; ldp x29, x30, [sp], 112; ret\n");

static const unsigned char pattern[256] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                                           21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40};
#define SPIN "1: subs %[left], %[left], 1; b.ne 1b\n"

static bool vectors_survive(void) {
  unsigned char out[5][16] = {0};
  uint64_t left = 300000, control = 3ul << 22, status = 1ul << 27 | 1, control_after, status_after;
  __asm__ volatile(
      "ldr q0, [%[in]]; ldr q7, [%[in], 16]; ldr q8, [%[in]]; ldr q16, [%[in], 16]; ldr q31, [%[in]]\n"
      "msr fpcr, %[control]; msr fpsr, %[status]\n" SPIN
      "mrs %[control_after], fpcr; mrs %[status_after], fpsr; msr fpcr, xzr; msr fpsr, xzr\n"
      "str q0, [%[out]]; str q7, [%[out], 16]; str q8, [%[out], 32]; str q16, [%[out], 48]; str q31, [%[out], 64]"
      : [left] "+r"(left), [control_after] "=&r"(control_after), [status_after] "=&r"(status_after)
      : [in] "r"(pattern), [out] "r"(out), [control] "r"(control), [status] "r"(status)
      : "v0", "v7", "v8", "v16", "v31", "cc", "memory");
  for (int i = 0; i < 5; i++)
    if (memcmp(out[i], pattern + i % 2 * 16, 16)) return false;
  return control_after == control && status_after == status;
}

// Whole SVE registers, at their full width; a predicate, the first fault register.
static bool scalable_survive(void) {
  unsigned char out[3][256] = {0}, predicates[2][32] = {0}, expected[32] = {0};
  uint64_t left = 300000, width, predicate_width;
  __asm__ volatile(
      ".arch_extension sve\n"
      "rdvl %[width], 1; lsr %[predicate_width], %[width], 3\n"
      "ldr z0, [%[in]]; ldr z8, [%[in]]; ldr z31, [%[in]]; ldr p3, [%[in]]; ldr p7, [%[in]]; wrffr p7.b\n"
      "str p3, [%[expected]]\n" SPIN
      "str z0, [%[a]]; str z8, [%[b]]; str z31, [%[c]]; str p3, [%[d]]; rdffr p7.b; str p7, [%[e]]"
      : [left] "+r"(left), [width] "=&r"(width), [predicate_width] "=&r"(predicate_width)
      : [in] "r"(pattern), [a] "r"(out[0]), [b] "r"(out[1]), [c] "r"(out[2]), [d] "r"(predicates[0]), [e] "r"(predicates[1]),
        [expected] "r"(expected)
      : "v0", "v8", "v31", "cc", "memory");
  for (int i = 0; i < 3; i++)
    if (memcmp(out[i], pattern, width)) return false;
  return !memcmp(predicates[0], expected, predicate_width) && !memcmp(predicates[1], expected, predicate_width);
}

int main(void) {
  has_sve = getauxval(AT_HWCAP) & HWCAP_SVE;
  struct sigaction action = {.sa_handler = on_tick};
  struct itimerval often = {{0, 1000}, {0, 1000}}, off = {0};
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
  REQUIRE(setitimer(ITIMER_REAL, &often, 0) == 0);
  // No count of rounds: where timers come late, many rounds pass without one. If none comes, the runner's time-out ends the guest.
  while (ticks < 50) REQUIRE(spin_general(50000) == 0);
  for (ticks = 0; ticks < 50;) REQUIRE(vectors_survive());
  for (ticks = 0; has_sve && ticks < 50;) REQUIRE(scalable_survive());
  setitimer(ITIMER_REAL, &off, 0);
  return finish();
}
