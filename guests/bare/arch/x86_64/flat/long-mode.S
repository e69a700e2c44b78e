// long-mode: says so on the serial port, makes a 64-bit addition overflow, stores through the mapping of the upper half:
// 42 in RAX and 0x400010 bytes past what 0xffff800000000000 maps to.

  .code64
  lea text(%rip), %rsi
  mov $0x3f8, %edx
  mov $length, %ecx
  cld
  rep outsb

  mov $-0x10, %rax
  add $0x3a, %rax
  movabs $0xffff800000400010, %rbx
  mov %rax, (%rbx)
  hlt

text:
  .ascii "long mode\n"
  .set length, . - text
