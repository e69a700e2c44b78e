// start.S: entry point: hv's machine gives memory size, argc and argv in RDI, RSI, RDX, and a stack.

  .section .text.start, "ax"
  .globl _start
_start:
  mov %rsi, %rdi
  mov %rdx, %rsi
  xor %ebp, %ebp
  call main
  mov %eax, %edi
  call finish

// This note, `hv` of type 1, makes the file a bare-metal guest (src/elf/README.md). Its descriptor is this contract's version
// and what the guest needs: 2, an interrupt controller (ticks.c says so); otherwise nothing, because an undefined weak symbol is 0.
  .weak needs
  .section .note.hv, "a", @note
  .balign 4
  .long 3, 8, 1
  .asciz "hv"
  .balign 4
  .long 1, needs

  .section .note.GNU-stack, "", @progbits
