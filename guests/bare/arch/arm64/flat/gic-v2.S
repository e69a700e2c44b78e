// gic-v2: enables the virtual timer interrupt (27) and waits for it; reports its number, as acknowledged, at 0x0a000000.
// ARM IHI 0048, chapter 4.

  movz x9, #0x0800, lsl #16    // distributor
  movz x10, #0x0801, lsl #16   // CPU interface
  mov w0, #1 << 27
  str w0, [x9, #0x100]         // GICD_ISENABLER0
  mov w0, #1
  str w0, [x9]                 // GICD_CTLR
  mov w1, #0xff
  str w1, [x10, #4]            // GICC_PMR
  str w0, [x10]                // GICC_CTLR

  mov x1, #1000
  msr cntv_tval_el0, x1
  msr cntv_ctl_el0, x0
  wfi                          // wakes though PSTATE masks it
  ldr w0, [x10, #0xc]          // GICC_IAR
  movz x9, #0x0a00, lsl #16
  str w0, [x9]
  b .
