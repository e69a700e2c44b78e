// touch.h: touches pages for the first time while every register holds a known value.
#pragma once

#include <stdint.h>

// Pages of 4 KiB, whatever the kernel's are.
#define TOUCHED_BYTES 20480

// Touches `count` times TOUCHED_BYTES from `page` on: reads, writes, moves across page boundaries. In each, byte 16
// becomes 8, bytes 8184 on become the three at `source`, byte 12280 becomes 15. Returns 0 if no register changed.
uint64_t touch(char *page, uint64_t count, char *source);
__asm__(
    ".text\n.global touch\n.type touch, %function\ntouch:\n"
    "stp x29, x30, [sp, -96]!; stp x19, x20, [sp, 16]; stp x21, x22, [sp, 32]; stp x23, x24, [sp, 48]\n"
    "stp x25, x26, [sp, 64]; stp x27, x28, [sp, 80]; stp x1, x2, [sp, -16]!\n"
    // x0 is the place; x1, x2 and x29 are work registers.
    ".irp n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,30\nmov x\\n, \\n\n.endr\n"
    "fmov d0, x15; fmov d31, x14\n"
    "1: cmp xzr, xzr; str x8, [x0, 16]; b.ne 2f; b.cc 2f\n"
    "ldr x1, [x0, 16]; cmp x1, 8; b.ne 2f\n"
    "add x1, x0, 4096; cmp xzr, x3; ldr x1, [x1, 8]; b.pl 2f; b.cs 2f; cbnz x1, 2f\n"
    "mov x1, 8184; add x1, x0, x1; ldr x2, [sp, 8]; ldrb w29, [x2], 1; strb w29, [x1], 1\n"
    "ldrb w29, [x2], 1; strb w29, [x1], 1; ldrb w29, [x2], 1; strb w29, [x1], 1\n"
    // Unaligned, across a page boundary.
    "mov x1, 12280; add x1, x0, x1; str q0, [x1]; mov x1, 16376; add x1, x0, x1; ldp x2, x29, [x1]\n"
    "cbnz x2, 2f; cbnz x29, 2f\n"
    ".irp n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,30\ncmp x\\n, \\n; b.ne 2f\n.endr\n"
    "fmov x1, d0; cmp x1, 15; b.ne 2f; fmov x1, d31; cmp x1, 14; b.ne 2f\n"
    "add x0, x0, 5, lsl 12; ldr x1, [sp]; subs x1, x1, 1; str x1, [sp]; b.ne 1b\n"
    "mov x0, 0; b 3f\n"
    "2: mov x0, 1\n"
    "3: add sp, sp, 16; ldp x19, x20, [sp, 16]; ldp x21, x22, [sp, 32]; ldp x23, x24, [sp, 48]\n"
    "ldp x25, x26, [sp, 64]; ldp x27, x28, [sp, 80]; ldp x29, x30, [sp], 96; ret\n");
