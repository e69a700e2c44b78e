// gates.h: interrupt gates of long mode (SDM vol. 3, 7.14.1), and the table that they are in.
#pragma once

enum { CODE_SELECTOR = 8, INTERRUPT_GATE = 0x8e00 };

struct gate {
  unsigned short low, selector, flags, middle;
  unsigned high, zero;
};

struct __attribute__((packed)) table {
  unsigned short limit;
  unsigned long base;
};

static inline struct gate gate_to(unsigned long handler) {
  return (struct gate){.low = (unsigned short)handler,
                       .selector = CODE_SELECTOR,
                       .flags = INTERRUPT_GATE,
                       .middle = (unsigned short)(handler >> 16),
                       .high = (unsigned)(handler >> 32)};
}

static inline void load_gates(const struct gate *gates, unsigned long bytes) {
  struct table table = {.limit = (unsigned short)(bytes - 1), .base = (unsigned long)gates};
  __asm__ volatile("lidt %0" : : "m"(table));
}
