// start.S: entry point: hv's machine gives memory size, argc and argv in X0, X1, X2, and a stack.

  .section .text.start, "ax"
  .globl _start
_start:
  mov x0, x1
  mov x1, x2
  mov x29, xzr
  mov x30, xzr
  bl main
  bl finish

// This note, `hv` of type 1, makes the file a bare-metal guest (src/elf/README.md). Its descriptor is this contract's version
// and what the guest needs: the sum of 1, EL2 (vhe.c), and 2, an interrupt controller (ticks.c); otherwise nothing, because an undefined weak symbol is 0.
  .weak needs
  .section .note.hv, "a", @note
  .balign 4
  .long 3, 8, 1
  .asciz "hv"
  .balign 4
  .long 1, needs

  .section .note.GNU-stack, "", @progbits
