// arch.h: what guests of every architecture ask of this one: x86_64.
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
#define MACHINE "x86_64"
// seccomp(2)'s name for it, of linux/audit.h.
#define MACHINE_AUDIT_ARCH AUDIT_ARCH_X86_64
// TASK_SIZE and the kernel's half: the kernel's Documentation/arch/x86/x86_64/mm.rst.
#define USER_END 0x7ffffffff000ul
#define KERNEL_START 0xffff800000000000ul
// What F_GETFL reports for a 64-bit program's descriptors. glibc has 0 for it.
#define KERNEL_O_LARGEFILE 0100000

UNUSED static uintptr_t *context_pc(ucontext_t *context) { return (uintptr_t *)&context->uc_mcontext.gregs[REG_RIP]; }

// A system call with all six arguments; returns what it leaves in the result register, an error as -errno.
UNUSED static long raw_call(long number, const uint64_t *a) {
  register uint64_t r10 __asm__("r10") = a[3];
  register uint64_t r8 __asm__("r8") = a[4];
  register uint64_t r9 __asm__("r9") = a[5];
  __asm__ volatile("syscall"
                   : "+a"(number)
                   : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return number;
}

// A system call while the stack pointer is `stack`; `after` is where it was after the call.
UNUSED static long call_on_stack(uintptr_t stack, uintptr_t *after, long number, long a0, long a1, long a2) {
  __asm__ volatile("mov %%rsp, %%r12; mov %[stack], %%rsp; syscall; mov %%rsp, %[after]; mov %%r12, %%rsp"
                   : "+a"(number), [after] "=&r"(*after)
                   : [stack] "r"(stack), "D"(a0), "S"(a1), "d"(a2)
                   : "rcx", "r11", "r12", "memory");
  return number;
}

// clone3 with a stack: the child calls `body(argument)` on it, and exits with what that returns.
UNUSED static long clone3_call(void *args, size_t size, int (*body)(void *), void *argument) {
  long result = SYS_clone3;
  register void *r12 __asm__("r12") = (void *)body;
  register void *r13 __asm__("r13") = argument;
  __asm__ volatile(
      "syscall; test %%rax, %%rax; jnz 1f; xor %%ebp, %%ebp; mov %%r13, %%rdi; call *%%r12; mov %%eax, %%edi; mov $60, %%eax; "
      "syscall; 1:"
      : "+a"(result)
      : "D"(args), "S"(size), "r"(r12), "r"(r13)
      : "rcx", "r11", "memory");
  if (result >= 0) return result;
  errno = (int)-result;
  return -1;
}

#define UNDEFINED "ud2"
#define BREAKPOINT "int3"
// Instructions while the stack pointer is `stack`: for those that end in a signal.
#define RUN_ON_STACK(stack, instructions) \
  __asm__ volatile("mov %0, %%rsp; " instructions ::"r"(stack) : "rcx", "rdx", "memory", "cc")
#define EACH_FAULT_ON_STACK(check) \
  check(SIGILL, UNDEFINED) check(SIGSEGV, "movb $0, 0x10") check(SIGTRAP, BREAKPOINT) check(SIGFPE, "xor %%ecx, %%ecx; div %%ecx")
#define PUSH "push %%rax"

// Holes of the call table and calls that were removed; 512 and bit 30 are x32's.
#define MISSING_CALLS 134, 174, 177, 178, 180, 181, 182, 183, 184, 185, 214, 215, 236, 512, 1154, 0x40000000 | 9999

// Writes a function without arguments that returns `value`; returns its length.
UNUSED static size_t write_function(void *code, uint16_t value) {
  const unsigned char bytes[] = {0xb8, value & 255, value >> 8, 0, 0, 0xc3};
  memcpy(code, bytes, sizeof(bytes));
  __builtin___clear_cache(code, (char *)code + sizeof(bytes));
  return sizeof(bytes);
}

// What else a fuzzer of calls leaves out: fork and pause in their old forms; uretprobe and uprobe (335, 336), for which
// newer kernels kill processes that they have put no probe in.
#define ALSO_SKIPPED SYS_fork, SYS_vfork, SYS_pause, 335, 336
