// paper.c: the interrupts of paper.c on arm64: SGI 0 from processors, and SPI 32, the host's line 0. The second
// processor starts in the same state as the first one; hv's machine starts both.

#include "paper.h"

enum { REDISTRIBUTORS = 0x080a0000, REDISTRIBUTOR_BYTES = 0x20000, SGI_FRAME = 0x10000 };
// Offsets in a frame, and in the distributor beside it.
enum { IGROUPR = 0x80, ISENABLER = 0x100, ITARGETSR = 0x800, ICFGR = 0xc00, IROUTER = 0x6000 };
enum { WORD_OF_SPIS = 4, SPI = 32 };

// Any other exception stores to where the machine's own vectors report (src/machine/README.md).
__asm__(
    ".macro report\n"
    " .balign 0x80\n movz x0, #0x09f1, lsl #16\n str w0, [x0]\n b .\n"
    ".endm\n"
    ".text\n.balign 0x800\nvectors:\n"
    " .rept 5\n report\n .endr\n"
    " .balign 0x80\n"
    " stp x0, x1, [sp, #-176]!\n stp x2, x3, [sp, #16]\n stp x4, x5, [sp, #32]\n"
    " stp x6, x7, [sp, #48]\n stp x8, x9, [sp, #64]\n stp x10, x11, [sp, #80]\n"
    " stp x12, x13, [sp, #96]\n stp x14, x15, [sp, #112]\n stp x16, x17, [sp, #128]\n"
    " stp x18, x30, [sp, #144]\n bl take\n"
    " ldp x18, x30, [sp, #144]\n ldp x16, x17, [sp, #128]\n ldp x14, x15, [sp, #112]\n"
    " ldp x12, x13, [sp, #96]\n ldp x10, x11, [sp, #80]\n ldp x8, x9, [sp, #64]\n"
    " ldp x6, x7, [sp, #48]\n ldp x4, x5, [sp, #32]\n ldp x2, x3, [sp, #16]\n"
    " ldp x0, x1, [sp], #176\n eret\n"
    " .rept 10\n report\n .endr\n");

void take(void) {
  unsigned long now = counter();
  unsigned long interrupt;
  if (mailbox->gic_version == 2) {
    on_interrupt(load32(GICC_IAR), now);
    return;
  }
  __asm__ volatile("mrs %0, S3_0_C12_C12_0" : "=r"(interrupt) : : "memory");  // ICC_IAR1_EL1
  on_interrupt(interrupt, now);
}

static unsigned own_index(void) {
  unsigned long mpidr;
  __asm__("mrs %0, mpidr_el1" : "=r"(mpidr));
  return mpidr & 0xff;
}

static void open_version_3(void) {
  unsigned long frame = REDISTRIBUTORS + own_index() * REDISTRIBUTOR_BYTES + SGI_FRAME;
  store32(frame + IGROUPR, ~0u);
  store32(frame + ISENABLER, 1);
  if (own_index() == 0) {
    store32(GICD, 0x12);  // ARE, group 1
    store32(GICD + IGROUPR + WORD_OF_SPIS, ~0u);
    store32(GICD + IROUTER + 8 * SPI, 0);
    store32(GICD + IROUTER + 8 * SPI + 4, 0);
  }
  __asm__ volatile(
      "mov x0, #0xff\n msr S3_0_C4_C6_0, x0\n"  // ICC_PMR_EL1
      "mov x0, #1\n msr S3_0_C12_C12_7, x0\n"   // ICC_IGRPEN1_EL1
      "isb"
      :
      :
      : "x0", "memory");
}

static void open_version_2(void) {
  store32(GICD, 1);
  store32(GICD + ITARGETSR + SPI, 1);
  store32(GICC_PMR, 0xff);
  store32(GICC, 1);
}

void open_controller(void) {
  __asm__ volatile(
      "adrp x0, vectors\n add x0, x0, :lo12:vectors\n msr vbar_el1, x0" : : : "x0", "memory");
  if (mailbox->gic_version == 2)
    open_version_2();
  else
    open_version_3();
  if (own_index() != 0) return;
  store32(GICD + ICFGR + 2 * WORD_OF_SPIS, 2);  // edge-triggered
  store32(GICD + ISENABLER + WORD_OF_SPIS, 1);
}

void start_second(void) {}
