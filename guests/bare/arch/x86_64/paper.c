// paper.c: the interrupts of paper.c on x86_64: one vector of the local APIC, which the host's message also uses, and the way of
// the second processor from its SIPI to long mode, through the first one's tables (src/machine/x86_64/boot.ts).

#include "paper.h"

#include "gates.h"

enum { APIC_SVR = APIC + 0xf0, INIT = 0x4500, STARTUP = 0x4600 };
// A page below 1 MiB, after the machine's arguments.
enum { TRAMPOLINE = 0xa000 };
enum { GATES = VECTOR + 1 };

static struct gate gates[GATES];
__attribute__((used)) static char second_stack[0x4000] __attribute__((aligned(16)));

// CR4, CR3, EFER and CR0 have the machine's values.
__asm__(
    ".section .rodata\n.globl trampoline, trampoline_end\ntrampoline:\n.code16\n"
    " cli\n xorw %ax, %ax\n movw %ax, %ds\n"
    " lgdtl 0xa000 + descriptor - trampoline\n"
    " movl $0x620, %eax\n movl %eax, %cr4\n"
    " movl $0x1000, %eax\n movl %eax, %cr3\n"
    " movl $0xc0000080, %ecx\n xorl %edx, %edx\n movl $0x900, %eax\n wrmsr\n"
    " movl $0x80010033, %eax\n movl %eax, %cr0\n"
    " ljmpl $8, $second\n"
    "descriptor: .word 31\n .long 0x7000\n"
    "trampoline_end:\n"
    ".text\n.code64\nsecond:\n"
    " movl $0x10, %eax\n movl %eax, %ds\n movl %eax, %es\n movl %eax, %ss\n"
    " movq $second_stack + 0x4000, %rsp\n xorl %ebp, %ebp\n"
    " call open_controller\n call be_second\n");
extern const char trampoline[], trampoline_end[];

__attribute__((interrupt)) static void take(void *frame) {
  (void)frame;
  on_interrupt(VECTOR, counter());
}

void open_controller(void) {
  gates[VECTOR] = gate_to((unsigned long)take);
  load_gates(gates, sizeof gates);
  store_apic(APIC_SVR, 0x1ff);
}

void start_second(void) {
  volatile char *to = (volatile char *)TRAMPOLINE;
  for (const char *from = trampoline; from < trampoline_end; from++) *to++ = *from;
  store_apic(APIC_ICR + 0x10, 1u << 24);
  store_apic(APIC_ICR, INIT);
  store_apic(APIC_ICR + 0x10, 1u << 24);
  store_apic(APIC_ICR, STARTUP | TRAMPOLINE >> 12);
}
