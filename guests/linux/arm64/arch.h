// arch.h: what guests of every architecture ask of this one: arm64.
#pragma once

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

// uname's machine and AT_PLATFORM.
#define MACHINE "aarch64"
// seccomp(2)'s name for it, of linux/audit.h.
#define MACHINE_AUDIT_ARCH AUDIT_ARCH_AARCH64
// TASK_SIZE and the kernel's half with 48-bit addresses: the kernel's Documentation/arch/arm64/memory.rst.
#define USER_END 0x1000000000000ul
#define KERNEL_START 0xffff000000000000ul
// What F_GETFL reports for a 64-bit program's descriptors: the kernel's arch/arm64/include/uapi/asm/fcntl.h. glibc has 0 for it.
#define KERNEL_O_LARGEFILE 0400000

UNUSED static uintptr_t *context_pc(ucontext_t *context) { return (uintptr_t *)&context->uc_mcontext.pc; }

// A system call with all six arguments; returns what it leaves in the result register, an error as -errno.
UNUSED static long raw_call(long number, const uint64_t *a) {
  register long x8 __asm__("x8") = number;
  register uint64_t x0 __asm__("x0") = a[0];
  register uint64_t x1 __asm__("x1") = a[1];
  register uint64_t x2 __asm__("x2") = a[2];
  register uint64_t x3 __asm__("x3") = a[3];
  register uint64_t x4 __asm__("x4") = a[4];
  register uint64_t x5 __asm__("x5") = a[5];
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8) : "memory");
  return (long)x0;
}

// A system call while the stack pointer is `stack`; `after` is where it was after the call.
UNUSED static long call_on_stack(uintptr_t stack, uintptr_t *after, long number, long a0, long a1, long a2) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a0;
  register long x1 __asm__("x1") = a1;
  register long x2 __asm__("x2") = a2;
  __asm__ volatile("mov x19, sp; mov sp, %[stack]; svc 0; mov %[after], sp; mov sp, x19"
                   : "+r"(x0), [after] "=&r"(*after)
                   : [stack] "r"(stack), "r"(x1), "r"(x2), "r"(x8)
                   : "x19", "memory");
  return x0;
}

// clone3 with a stack: the child calls `body(argument)` on it, and exits with what that returns.
UNUSED static long clone3_call(void *args, size_t size, int (*body)(void *), void *argument) {
  register long x8 __asm__("x8") = SYS_clone3;
  register void *x0 __asm__("x0") = args;
  register size_t x1 __asm__("x1") = size;
  register void *x19 __asm__("x19") = (void *)body;
  register void *x20 __asm__("x20") = argument;
  __asm__ volatile("svc 0; cbnz x0, 1f; mov x29, 0; mov x0, x20; blr x19; mov x8, 93; svc 0; 1:"
                   : "+r"(x0)
                   : "r"(x1), "r"(x8), "r"(x19), "r"(x20)
                   : "memory");
  if ((long)x0 >= 0) return (long)x0;
  errno = (int)-(long)x0;
  return -1;
}

#define UNDEFINED "udf 0"
#define BREAKPOINT "brk 0"
// Instructions while the stack pointer is `stack`: for those that end in a signal.
#define RUN_ON_STACK(stack, instructions) __asm__ volatile("mov sp, %0; " instructions ::"r"(stack) : "x1", "memory", "cc")
#define EACH_FAULT_ON_STACK(check) \
  check(SIGILL, UNDEFINED) check(SIGSEGV, "mov x1, 16; strb wzr, [x1]") check(SIGTRAP, BREAKPOINT)
#define PUSH "str x0, [sp, -16]!"

// Holes of the call table: for other architectures' own calls (from 244), and for 32-bit programs' calls (from 403).
#define MISSING_CALLS 244, 259, 295, 402, 403, 423

// Writes a function without arguments that returns `value`; returns its length. The compiler does the cache maintenance that
// makes it visible: `dc cvau`, `ic ivau` and barriers, Arm ARM B2.2.5.
UNUSED static size_t write_function(void *code, uint16_t value) {
  const uint32_t instructions[] = {0x52800000 | (uint32_t)value << 5 /* mov w0, value */, 0xd65f03c0 /* ret */};
  memcpy(code, instructions, sizeof(instructions));
  __builtin___clear_cache(code, (char *)code + sizeof(instructions));
  return sizeof(instructions);
}

// What else a fuzzer of calls leaves out: nothing, because there are no old forms of calls here.
#define ALSO_SKIPPED
