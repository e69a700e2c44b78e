// touch.h: touches pages for the first time while every register holds a known value.
#pragma once

#include <stdint.h>

// Pages of 4 KiB, whatever the kernel's are.
#define TOUCHED_BYTES 20480

// Touches `count` times TOUCHED_BYTES from `page` on: reads, writes, moves across page boundaries. In each, byte 16
// becomes 8, bytes 8184 on become the three at `source`, byte 12280 becomes 15. Returns 0 if no register changed.
uint64_t touch(char *page, uint64_t count, char *source);
__asm__(
    ".text\n.global touch\ntouch:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rsi; push %rdx\n"
    "mov $1, %eax; mov $2, %ebx; mov $4, %edx; mov $7, %ebp; mov $8, %r8d; mov $9, %r9d; mov $10, %r10d; mov $11, %r11d\n"
    "mov $12, %r12d; mov $13, %r13d; mov $14, %r14d; mov $15, %r15d; movq %r15, %xmm0; movq %r14, %xmm15\n"
    "1: stc; movq %r8, 16(%rdi); jnc 2f; clc; addq $0, 4096+8(%rdi); jc 2f\n"
    "cmpq $8, 16(%rdi); jne 2f\n"
    // A move across a page boundary, 32 bytes at once.
    "mov $3, %ecx; mov (%rsp), %rsi; push %rdi; lea 8192-8(%rdi), %rdi; rep movsb; pop %rdi\n"
    "test %rcx, %rcx; jne 2f; movdqu %xmm0, 12288-8(%rdi); movdqu 16384-8(%rdi), %xmm1\n"
    "cmp $1, %rax; jne 2f; cmp $2, %rbx; jne 2f; cmp $4, %rdx; jne 2f; cmp $7, %rbp; jne 2f; cmp $8, %r8; jne 2f\n"
    "cmp $9, %r9; jne 2f; cmp $10, %r10; jne 2f; cmp $11, %r11; jne 2f; cmp $12, %r12; jne 2f; cmp $13, %r13; jne 2f\n"
    "cmp $14, %r14; jne 2f; cmp $15, %r15; jne 2f; movq %xmm0, %rsi; cmp $15, %rsi; jne 2f; movq %xmm15, %rsi\n"
    "cmp $14, %rsi; jne 2f\n"
    "add $20480, %rdi; decq 8(%rsp); jnz 1b\n"
    "xor %eax, %eax; jmp 3f\n"
    "2: mov $1, %eax\n"
    "3: pop %rdx; pop %rsi; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");
