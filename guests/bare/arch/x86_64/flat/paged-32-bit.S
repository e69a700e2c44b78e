// paged-32-bit: says so on the serial port and stores through the mapping of 0xc0000000: 42 in EAX and 0x10 bytes past
// what that maps to.

  .code32
  mov $text, %esi
  mov $0x3f8, %edx
  mov $length, %ecx
  cld
  rep outsb

  mov $0xfffffff0, %eax
  add $0x3a, %eax
  mov %eax, 0xc0000010
  hlt

text:
  .ascii "paged 32-bit mode\n"
  .set length, . - text
