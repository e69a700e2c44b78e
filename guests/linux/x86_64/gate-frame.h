// gate-frame.h: for hostile-gate.c: x86_64's gate, and the frame that GS base points to.
#pragma once

// native/arch/x86_64/layout.h, native/shim/abi.h, native/shim/stub.h
enum { STATE = 0, POLLING = 4, NUMBER = 8, RESULT = 64, ACTION = 72, CALLER = 80, GATE = 88 };
enum { SAVED = 0x80, SAVED_WORDS = 3, STACK = 0x98, STACK_TOP = 0x200 };

static uint64_t read_frame(long offset) {
  uint64_t word;
  __asm__ volatile("mov %%gs:(%1), %0" : "=r"(word) : "r"(offset));
  return word;
}

static void write_frame(long offset, uint64_t word) { __asm__ volatile("mov %0, %%gs:(%1)" ::"r"(word), "r"(offset) : "memory"); }

// 0: this program has none.
static uint64_t find_gate(void) {
  uint64_t gate = 0;
  return FAULT_OF(gate = read_frame(GATE)) == 0 ? gate : 0;
}

// The frame that the first thread began with: still its own, or another's. A stub's tells its place, a window's follows the gate.
static volatile uint8_t *find_frame(uint64_t gate) {
  uint64_t stack = read_frame(STACK);
  return (volatile uint8_t *)(stack ? stack - STACK_TOP : gate - gate % 4096 + 4096);
}

// As a patched site does, but with an address of its own choice to continue at.
static void jump_to_gate(uint64_t gate, uint64_t behind, uint64_t number, uint64_t pointer) {
  __asm__ volatile("mov %%rsp, %%rbx\nmov %[sp], %%rsp\njmp *%[gate]" ::[gate] "r"(gate), "c"(behind), "a"(number), [sp] "r"(pointer)
                   : "rbx", "r11", "memory");
  __builtin_unreachable();
}

static void call_at_frame(volatile uint8_t *frame) {
  (void)frame;
  __asm__ volatile("mov $110, %%eax\nsyscall" ::: "rax", "rcx", "r11", "memory");
}

static uint64_t some_address(void);
#define ALSO(let) let(name_callers)
// Tells the sentry what to patch: every address in turn, with this call.
static void name_callers(void) {
  for (int i = 0; i < 5000; i++) {
    uint64_t caller = i % 2 ? some_address() : (uint64_t)(uintptr_t)name_callers + (uint64_t)i % 512;
    write_frame(CALLER, caller);
    __asm__ volatile("lea 1f(%%rip), %%rcx\njmp *%%gs:%c1\n1:" ::"a"(SYS_getppid), "i"(GATE) : "rcx", "r11", "memory");
  }
}
