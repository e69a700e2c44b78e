// start.h: how a program without a C library begins on arm64, and how it makes a system call.
#pragma once

// `function` gets the stack as execve(2) leaves it.
#define START_OF(function) \
  __asm__(                 \
      ".globl _start\n"    \
      "_start:\n"          \
      "  mov x29, xzr\n"   \
      "  mov x30, xzr\n"   \
      "  mov x0, sp\n"     \
      "  bl " #function    \
      "\n"                 \
      "  brk #0\n")

static inline long SystemCall(long number, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}
