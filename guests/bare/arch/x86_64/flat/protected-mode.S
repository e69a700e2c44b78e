// protected-mode: says so on the serial port, makes a 32-bit addition overflow, stores above real mode's reach: 42 in EAX and at 0x210010.

  .code32
  mov $text, %esi
  mov $0x3f8, %edx
  mov $length, %ecx
  cld
  rep outsb

  mov $0xfffffff0, %eax
  add $0x3a, %eax
  mov %eax, 0x210010
  hlt

text:
  .ascii "protected mode\n"
  .set length, . - text
