// gic-v3: enables the virtual timer interrupt (27) and waits for it; reports its number, as acknowledged, at 0x0a000000.
// ARM IHI 0069, chapter 12. System registers by number: older assemblers lack their names.

  movz x9, #0x0800, lsl #16    // distributor
  mov w0, #0x12                // ARE, group 1
  str w0, [x9]                 // GICD_CTLR
  movz x10, #0x080b, lsl #16   // the first redistributor's SGI frame
  mov w0, #1 << 27
  str w0, [x10, #0x80]         // GICR_IGROUPR0
  str w0, [x10, #0x100]        // GICR_ISENABLER0
  mov x1, #0xff
  msr S3_0_C4_C6_0, x1         // ICC_PMR_EL1
  mov x0, #1
  msr S3_0_C12_C12_7, x0       // ICC_IGRPEN1_EL1
  isb

  mov x1, #1000
  msr cntv_tval_el0, x1
  msr cntv_ctl_el0, x0
  wfi                          // wakes though PSTATE masks it
  mrs x0, S3_0_C12_C12_0       // ICC_IAR1_EL1
  movz x9, #0x0a00, lsl #16
  str w0, [x9]
  b .
