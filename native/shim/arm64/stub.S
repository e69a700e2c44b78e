// stub.S: the code of a stub: makes the system calls that the tracer lists, and stops. Position-independent: it runs at two
// addresses, and is only ever entered by a tracer that sets its registers. X7 is left alone: see arch/arm64/tracee_registers.h.

#include "shim/stub.h"

  .section .rodata.hv_stub, "a", %progbits
  .balign 16

  .hidden hv_stub_code, hv_stub_calls, hv_stub_called, hv_stub_handler, hv_stub_code_end
  .globl hv_stub_code, hv_stub_calls, hv_stub_called, hv_stub_handler, hv_stub_code_end

hv_stub_code:
// X19: the first call, X20: how many. Stops behind the last one, or behind the first that fails: its result is in X0, and X20
// says how many were not made.
hv_stub_calls:
  ldp x8, x0, [x19]
  ldp x1, x2, [x19, #16]
  ldp x3, x4, [x19, #32]
  ldr x5, [x19, #48]
  svc #0
// The only place where the filter lets calls come from.
hv_stub_called:
  cmn x0, #4095
  b.hs hv_stub_handler
  add x19, x19, #HV_STUB_CALL_BYTES
  subs x20, x20, #1
  b.ne hv_stub_calls
// Also the handler of the signals whose frames the tracer reads, and the entry point, where no tracer lets it begin.
hv_stub_handler:
  brk #0
hv_stub_code_end:

  .section .note.GNU-stack, "", %progbits
