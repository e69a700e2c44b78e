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

// This note, `hv` of type 1, makes the file a bare-metal guest (src/elf/README.md). Its descriptor is this contract's version.
  .section .note.hv, "a", @note
  .balign 4
  .long 3, 4, 1
  .asciz "hv"
  .balign 4
  .long 1

  .section .note.GNU-stack, "", @progbits
