// paper-ops.h: what paper.c measures, on x86_64: VMCALL, the local APIC (SDM vol. 3, chapter 12), ports.

enum { DOORBELL = 0x510, QUESTION = 0x518 };
enum { APIC = 0xfee00000, APIC_ID = APIC + 0x20, APIC_EOI = APIC + 0xb0, APIC_ICR = APIC + 0x300 };
enum { VECTOR = 0x40 };

static inline void store_apic(unsigned long address, unsigned value) {
  __asm__ volatile("movl %0, (%1)" : : "r"(value), "r"(address) : "memory");
}

// Unfenced, because a PVM host's interpreter knows no LFENCE: everything between two readings exits or stores to the APIC.
static inline unsigned long counter(void) {
  unsigned low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
  return (unsigned long)high << 32 | low;
}

static inline unsigned long counter_frequency(void) { return 0; }

// A function that does not exist: KVM itself answers so.
static inline void hypercall(void) {
  long rax = 0xffff;
  __asm__ volatile("vmcall" : "+a"(rax) : : "memory");
}

static inline void touch_controller(void) {
  unsigned value;
  __asm__ volatile("movl (%1), %0" : "=r"(value) : "r"((unsigned long)APIC_ID) : "memory");
}

static inline void ring(unsigned value) {
  __asm__ volatile("outl %0, %1" : : "a"(value), "d"((unsigned short)DOORBELL) : "memory");
}

static inline void ask(void) {
  unsigned value;
  __asm__ volatile("inl %1, %0" : "=a"(value) : "d"((unsigned short)QUESTION) : "memory");
}

static inline void relax(void) { __asm__ volatile("pause" : : : "memory"); }
static inline void let_interrupts(void) { __asm__ volatile("sti" : : : "memory"); }
static inline void wait_for_interrupt(void) { __asm__ volatile("hlt" : : : "memory"); }

static inline void send_interrupt(unsigned index) {
  store_apic(APIC_ICR + 0x10, index << 24);
  store_apic(APIC_ICR, VECTOR);
}

static inline void complete(unsigned long interrupt) {
  (void)interrupt;
  store_apic(APIC_EOI, 0);
}
