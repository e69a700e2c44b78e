// ticks.c: interrupts on arm64: the virtual and the physical timer, and the serial port, by a GIC, version 3 (ARM IHI 0069, chapter 12) or 2
// (ARM IHI 0048, chapter 4). WFI wakes for an interrupt that PSTATE masks; the controller then says which it is.

#include "ticks.h"

#include "io.h"

// In the file's note: an interrupt controller (start.S).
__asm__(".globl needs\n.set needs, 2");

enum { GICD = 0x08000000, GICR_SGI = 0x080b0000, GICC = 0x08010000 };
// Offsets in the distributor, and in the redistributor's frame for interrupts below 32.
enum { IGROUPR = 0x80, ISENABLER = 0x100, ITARGETSR = 0x800 };
enum { GICC_PMR = GICC + 4, GICC_IAR = GICC + 0xc, GICC_EOIR = GICC + 0x10 };
enum { VIRTUAL = 27, PHYSICAL = 30, SERIAL = 33, NONE = 1020 };
enum { SERIAL_MASK = SERIAL_DATA + 0x38, RECEIVED = 0x50 };

static unsigned long taken;

static int is_version_3(void) {
  unsigned long features;
  __asm__("mrs %0, id_aa64pfr0_el1" : "=r"(features));
  return (features >> 24 & 0xf) != 0;
}

void open_interrupts(void) {
  const unsigned timers = 1u << VIRTUAL | 1u << PHYSICAL, serial = 1u << (SERIAL - 32);
  if (is_version_3()) {
    store32(GICD, 0x12);  // GICD_CTLR: affinity routing, group 1
    store32(GICR_SGI + IGROUPR, timers);
    store32(GICR_SGI + ISENABLER, timers);
    store32(GICD + IGROUPR + 4, serial);
    // Registers by number: older assemblers lack their names. ICC_PMR_EL1, ICC_IGRPEN1_EL1
    __asm__ volatile("msr S3_0_C4_C6_0, %0\n msr S3_0_C12_C12_7, %1\n isb"
                     :
                     : "r"(0xfful), "r"(1ul));
  } else {
    store32(GICD, 1);
    store32(GICD + ISENABLER, timers);
    store32(GICD + ITARGETSR + SERIAL / 4 * 4, 0x01010101);
    store32(GICC_PMR, 0xff);
    store32(GICC, 1);
  }
  store32(GICD + ISENABLER + 4, serial);
  store32(SERIAL_MASK, RECEIVED);
}

void start_timer(enum source timer) {
  unsigned long frequency;
  __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
  unsigned long count = frequency * PERIOD_MS / 1000;
  if (timer == FIRST_TIMER) {
    __asm__ volatile("msr cntv_tval_el0, %0\n msr cntv_ctl_el0, %1\n isb" : : "r"(count), "r"(1ul));
  } else {
    __asm__ volatile("msr cntp_tval_el0, %0\n msr cntp_ctl_el0, %1\n isb" : : "r"(count), "r"(1ul));
  }
}

void stop_timer(enum source timer) {
  if (timer == FIRST_TIMER) {
    __asm__ volatile("msr cntv_ctl_el0, xzr\n isb");
  } else {
    __asm__ volatile("msr cntp_ctl_el0, xzr\n isb");
  }
}

enum source take_interrupt(void) {
  do {
    __asm__ volatile("wfi" : : : "memory");
    if (is_version_3()) {
      __asm__ volatile("mrs %0, S3_0_C12_C12_0" : "=r"(taken) : : "memory");  // ICC_IAR1_EL1
    } else {
      taken = load32(GICC_IAR);
    }
  } while ((taken & 0x3ff) >= NONE);
  switch (taken & 0x3ff) {
    case VIRTUAL:
      return FIRST_TIMER;
    case PHYSICAL:
      return SECOND_TIMER;
    case SERIAL:
      return SERIAL_LINE;
    default:
      return OTHER;
  }
}

void complete_interrupt(enum source source) {
  if (source == OTHER) return;
  if (is_version_3()) {
    __asm__ volatile("msr S3_0_C12_C12_1, %0\n isb" : : "r"(taken) : "memory");  // ICC_EOIR1_EL1
  } else {
    store32(GICC_EOIR, (unsigned)taken);
  }
}

int receive(void) {
  unsigned flags = load32(SERIAL_FLAGS);
  if (!(flags & RECEIVER_EMPTY)) return (int)(load32(SERIAL_DATA) & 0xff);
  return flags & CARRIER_DETECT ? -1 : -2;
}
