// add-digit: the program of LWN's "Using the KVM API" (lwn.net/Articles/658511), in our words: prints AL + BL as a digit.

  .code16
  mov $0x3f8, %dx
  add %bl, %al
  add $'0', %al
  out %al, (%dx)
  mov $'\n', %al
  out %al, (%dx)
  hlt
