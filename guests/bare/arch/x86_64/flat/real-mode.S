// real-mode: says so on the serial port, makes a 16-bit addition overflow, and stores through a segment: 42 in AX and at 0x4010.

  .code16
  mov $text, %si
  mov $0x3f8, %dx
  cld
next:
  lodsb
  test %al, %al
  jz sum
  out %al, (%dx)
  jmp next

sum:
  mov $0x400, %ax  // DS counts in units of 16 bytes
  mov %ax, %ds
  mov $0xfff0, %ax
  add $0x3a, %ax
  mov %ax, 0x10
  hlt

text:
  .asciz "real mode\n"
