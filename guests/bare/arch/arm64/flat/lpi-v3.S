// lpi-v3: maps event 3 of device 7 to LPI 8197 in the ITS, reports 0 at 0x0a000000, and then each interrupt's number as it comes.
// ARM IHI 0069, chapters 5, 6 and 12. For memory from 0x40000000 to 0x40100000, of which the tables take 0x40020000 to 0x40060000.
// System registers by number: older assemblers lack their names.

#define DEVICE 7
#define EVENT 3
#define LPI 8197
#define DEVICES 0x40020000
#define COLLECTIONS 0x40030000
#define PENDING 0x40040000
#define COMMANDS 0x40050000
#define DEVICE_EVENTS 0x40051000
#define CONFIGURATION 0x40052000
#define WRITE_BACK (7 << 59 | 1 << 10)     // of the tables of GITS_*
#define PAGES_64K (2 << 8)                 // KVM's ITS has no others
#define LPI_WRITE_BACK (7 << 7 | 1 << 10)  // of those of GICR_*
#define VALID (1 << 63)

  ldr x9, =0x08000000          // distributor
  mov w0, #0x12                // ARE, group 1
  str w0, [x9]                 // GICD_CTLR

  ldr x1, =CONFIGURATION + LPI - 8192
  mov w0, #0xa1                // priority 0xa0, enabled
  strb w0, [x1]
  ldr x10, =0x080a0000         // the first redistributor
  ldr x0, =CONFIGURATION | LPI_WRITE_BACK | 13  // 14 bits
  str x0, [x10, #0x70]         // GICR_PROPBASER
  ldr x0, =PENDING | LPI_WRITE_BACK | 1 << 62   // all zero
  str x0, [x10, #0x78]         // GICR_PENDBASER
  dsb sy
  mov w0, #1
  str w0, [x10]                // GICR_CTLR: LPIs

  mov x1, #0xff
  msr S3_0_C4_C6_0, x1         // ICC_PMR_EL1
  mov x0, #1
  msr S3_0_C12_C12_7, x0       // ICC_IGRPEN1_EL1
  isb

  ldr x11, =0x08080000         // ITS
  ldr x0, =DEVICES | WRITE_BACK | PAGES_64K | VALID
  str x0, [x11, #0x100]        // GITS_BASER0: devices
  ldr x0, =COLLECTIONS | WRITE_BACK | PAGES_64K | VALID
  str x0, [x11, #0x108]        // GITS_BASER1: collections
  ldr x0, =COMMANDS | WRITE_BACK | VALID
  str x0, [x11, #0x80]         // GITS_CBASER
  str xzr, [x11, #0x88]        // GITS_CWRITER
  mov w0, #1
  str w0, [x11]                // GITS_CTLR

  ldr x1, =COMMANDS
  adr x2, commands
  mov x3, #commands_end - commands
copy:
  ldr x0, [x2], #8
  str x0, [x1], #8
  subs x3, x3, #8
  b.ne copy
  dsb sy
  mov x3, #commands_end - commands
  str x3, [x11, #0x88]         // GITS_CWRITER
wait:
  ldr x0, [x11, #0x90]         // GITS_CREADR
  cmp x0, x3
  b.ne wait

  ldr x9, =0x0a000000
  str wzr, [x9]
next:
  wfi                          // wakes though PSTATE masks it
  mrs x0, S3_0_C12_C12_0       // ICC_IAR1_EL1
  cmp w0, #1023                // none
  b.eq next
  str w0, [x9]
  msr S3_0_C12_C12_1, x0       // ICC_EOIR1_EL1
  b next

  .balign 8
commands:
  .quad 0x08 | DEVICE << 32, 4, DEVICE_EVENTS | VALID, 0  // MAPD: 5 bits
  .quad 0x09, 0, VALID, 0                                 // MAPC: collection 0 is processor 0
  .quad 0x0a | DEVICE << 32, EVENT | LPI << 32, 0, 0      // MAPTI
  .quad 0x05, 0, 0, 0                                     // SYNC
commands_end:
  .ltorg
