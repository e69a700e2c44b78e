// start.h: how a program without a C library begins on x86_64, and how it makes a system call.
#pragma once

// `function` gets the stack as execve(2) leaves it.
#define START_OF(function)  \
  __asm__(                  \
      ".globl _start\n"     \
      "_start:\n"           \
      "  xorl %ebp, %ebp\n" \
      "  movq %rsp, %rdi\n" \
      "  andq $-16, %rsp\n" \
      "  call " #function   \
      "\n"                  \
      "  ud2\n")

static inline long SystemCall(long number, long a, long b, long c, long d, long e) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}
