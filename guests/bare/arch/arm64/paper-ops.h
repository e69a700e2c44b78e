// paper-ops.h: what paper.c measures, on arm64: HVC; a GIC, version 3 (ARM IHI 0069, chapter 12) or 2 (ARM IHI 0048, chapter 4); device
// loads and stores.

#include "io.h"

enum { DOORBELL = 0x0a000000, QUESTION = 0x0a000008 };
enum { GICD = 0x08000000, GICD_IIDR = GICD + 8, GICD_SGIR = GICD + 0xf00 };
// Only in version 2.
enum { GICC = 0x08010000, GICC_PMR = GICC + 4, GICC_IAR = GICC + 0xc, GICC_EOIR = GICC + 0x10 };
enum { PSCI_VERSION = 0x84000000 };

static inline unsigned long counter(void) {
  unsigned long value;
  __asm__ volatile("isb\n mrs %0, cntvct_el0\n isb" : "=r"(value) : : "memory");
  return value;
}

static inline unsigned long counter_frequency(void) {
  unsigned long value;
  __asm__("mrs %0, cntfrq_el0" : "=r"(value));
  return value;
}

static inline void hypercall(void) {
  register unsigned long x0 __asm__("x0") = PSCI_VERSION;
  __asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
}

static inline void touch_controller(void) { load32(GICD_IIDR); }
static inline void ring(unsigned value) { store32(DOORBELL, value); }
static inline void ask(void) { load32(QUESTION); }
static inline void relax(void) { __asm__ volatile("yield" : : : "memory"); }
static inline void let_interrupts(void) { __asm__ volatile("msr daifclr, #2" : : : "memory"); }
static inline void wait_for_interrupt(void) { __asm__ volatile("wfi" : : : "memory"); }

// ICC_SGI1R_EL1: interrupt 0, to the processors in a list by Aff0. Registers by number: older assemblers lack their names.
static inline void send_interrupt(unsigned index) {
  if (mailbox->gic_version == 2) {
    __asm__ volatile("dmb ishst" : : : "memory");
    store32(GICD_SGIR, 1u << (16 + index));
    return;
  }
  __asm__ volatile("dsb ishst\n msr S3_0_C12_C11_5, %0\n isb" : : "r"(1ul << index) : "memory");
}

// ICC_EOIR1_EL1.
static inline void complete(unsigned long interrupt) {
  if (mailbox->gic_version == 2) {
    store32(GICC_EOIR, (unsigned)interrupt);
    return;
  }
  __asm__ volatile("msr S3_0_C12_C12_1, %0\n isb" : : "r"(interrupt) : "memory");
}
