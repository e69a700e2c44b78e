// ticks.c: interrupts on x86_64: the PIT and the serial port by the PIC, and the local APIC's timer.

#include "ticks.h"

#include "gates.h"
#include "io.h"

// In the file's note: an interrupt controller (start.S).
__asm__(".globl needs\n.set needs, 2");

enum { PIC = 0x20, PIC_MASK = 0x21, END_OF_INTERRUPT = 0x20, PIT_COUNTER = 0x40, PIT_MODE = 0x43 };
enum { PIT_HZ = 1193182, PIT_IRQ = 0, SERIAL_IRQ = 4 };
enum { SERIAL_ENABLE = 0x3f9, SERIAL_MODEM_CONTROL = 0x3fc };
// Intel SDM vol. 3, table 12-1.
enum {
  APIC = 0xfee00000,
  APIC_EOI = APIC + 0xb0,
  APIC_SPURIOUS = APIC + 0xf0,
  APIC_LVT_TIMER = APIC + 0x320,
  APIC_COUNT = APIC + 0x380,
  APIC_DIVIDE = APIC + 0x3e0,
  MASKED = 0x10000,
};
enum { FIRST_VECTOR = 0x20, APIC_VECTOR = 0x30, GATES };

static struct gate gates[GATES];

// Interrupts come here alone: so their handlers leave by `wait`'s own return, and need no IRET.
unsigned wait(void);
__asm__(
    ".text\nwait: sti\n hlt\n jmp wait\n"
    "on_pit: mov $0x20, %eax\n jmp leave\n"
    "on_serial: mov $0x24, %eax\n jmp leave\n"
    "on_apic: mov $0x30, %eax\n"
    "leave: mov 24(%rsp), %rsp\n ret\n");
extern const char on_pit[], on_serial[], on_apic[];

static void store_apic(unsigned long address, unsigned value) {
  *(volatile unsigned *)address = value;
}

void open_interrupts(void) {
  gates[FIRST_VECTOR + PIT_IRQ] = gate_to((unsigned long)on_pit);
  gates[FIRST_VECTOR + SERIAL_IRQ] = gate_to((unsigned long)on_serial);
  gates[APIC_VECTOR] = gate_to((unsigned long)on_apic);
  load_gates(gates, sizeof gates);
  const unsigned char words[] = {FIRST_VECTOR, 1 << 2, 1,
                                 (unsigned char)~(1 << PIT_IRQ | 1 << SERIAL_IRQ)};
  out8(PIC, 0x11);
  for (unsigned i = 0; i < sizeof words; i++) out8(PIC_MASK, words[i]);
  store_apic(APIC_SPURIOUS, 0x1ff);
  store_apic(APIC_DIVIDE, 0xb);
  out8(SERIAL_MODEM_CONTROL, 0x0b);
  out8(SERIAL_ENABLE, 1);
}

// The PIT goes on by itself, a period each; how long the APIC's is, is up to its bus.
void start_timer(enum source timer) {
  if (timer == SECOND_TIMER) {
    store_apic(APIC_LVT_TIMER, APIC_VECTOR);
    store_apic(APIC_COUNT, 1000000);
    return;
  }
  const unsigned count = PIT_HZ * PERIOD_MS / 1000;
  static int is_running;
  if (is_running) return;
  is_running = 1;
  out8(PIT_MODE, 0x34);
  out8(PIT_COUNTER, (unsigned char)count);
  out8(PIT_COUNTER, (unsigned char)(count >> 8));
}

void stop_timer(enum source timer) {
  if (timer == SECOND_TIMER) store_apic(APIC_LVT_TIMER, MASKED | APIC_VECTOR);
}

enum source take_interrupt(void) {
  switch (wait()) {
    case FIRST_VECTOR + PIT_IRQ:
      return FIRST_TIMER;
    case FIRST_VECTOR + SERIAL_IRQ:
      return SERIAL_LINE;
    case APIC_VECTOR:
      return SECOND_TIMER;
    default:
      return OTHER;
  }
}

void complete_interrupt(enum source source) {
  if (source == SECOND_TIMER) {
    store_apic(APIC_EOI, 0);
  } else {
    out8(PIC, END_OF_INTERRUPT);
  }
}

int receive(void) {
  if (in8(SERIAL_LINE_STATUS) & DATA_READY) return in8(SERIAL_DATA);
  return in8(SERIAL_MODEM_STATUS) & CARRIER_DETECT ? -1 : -2;
}
