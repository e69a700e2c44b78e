// cpu-on: switches on the CPU whose MPIDR is in X1 (PSCI, ARM DEN0022, 5.6) and reports the answer at 0x0a000000; the other
// CPU, whose MMU is off, reports the argument it was given, 0x1234, at 0x0a000004.

  adr x2, other
  mov x3, #0x1234
  movz w0, #0x0003
  movk w0, #0xc400, lsl #16
  hvc #0
  movz x9, #0x0a00, lsl #16
  str w0, [x9]
  b .

other:
  movz x9, #0x0a00, lsl #16
  str w0, [x9, #4]
  b .
