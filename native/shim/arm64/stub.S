// stub.S: the code of a stub: makes the system calls that the tracer lists, and stops; and the gate, which programs enter.
// Position-independent: it runs at two addresses. X7 is left alone: see RestoreHidden in arch/arm64/tracee.cc.

#include "shim/abi.h"
#include "shim/stub.h"

  .section .rodata.hv_stub, "a", %progbits
  .balign 16

  .hidden hv_stub_code, hv_stub_calls, hv_stub_called, hv_stub_handler, hv_stub_code_end
  .globl hv_stub_code, hv_stub_calls, hv_stub_called, hv_stub_handler, hv_stub_code_end
  .hidden hv_gate_cached, hv_gate_cached_end, hv_gate, hv_gate_stored, hv_gate_rang, hv_gate_end
  .globl hv_gate_cached, hv_gate_cached_end, hv_gate, hv_gate_stored, hv_gate_rang, hv_gate_end

// Where the trampoline has the address after its call site, from X0 on: src/arch/arm64/call-site.ts.
#define SITE_BEHIND 20

// Stores what the call needs on its way back. Clobbers X1, which becomes the call's number: the trampoline's `mov` to X8 has it.
.macro store_site
  ldr x1, [x0, #SITE_BEHIND]
  stp x0, x1, [x8, #HV_GATE_TRAMPOLINE]
  ldr w1, [x0]
  ubfx w1, w1, #5, #16
  str x1, [x8, #HV_FRAME_NUMBER]
.endm

hv_stub_code:
// X19: the first call, X20: how many. Stops after the last one, or after the first that fails: its result is in X0, and X20
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
// Also the handler of the signals whose frames the tracer reads, and the ELF entry point, from which no tracer lets it run.
hv_stub_handler:
  brk #0

// A call whose result is known.
hv_gate_cached:
  store_site
  add x1, x8, x1, lsl #2
  ldr w0, [x1, #HV_FRAME_CACHED]
hv_gate_cached_end:
  b hv_gate_leave

// Trampolines of patched call sites come here. X8 points to the frame, which has X0 and X1 among its arguments already, and X0 to the
// part of the trampoline that goes back. No flag changes. The same protocol as entry.S; the bell is a system call, which the
// kernel stops at and does not make.
hv_gate:
  store_site
  stp x2, x3, [x8, #(HV_FRAME_ARGS + 16)]
  stp x4, x5, [x8, #(HV_FRAME_ARGS + 32)]
  mov w1, #HV_STATE_REQUEST
  stlr w1, [x8]
hv_gate_stored:
  add x1, x8, #HV_FRAME_POLLING
  ldar w1, [x1]
  cbz w1, 2f
1:
  isb
  ldar w0, [x8]
  sub w0, w0, #HV_STATE_ANSWERED
  cbz w0, hv_gate_rang
  ldr w0, [x8, #HV_FRAME_POLLING]
  cbz w0, 2f
  sub w1, w1, #1
  cbnz w1, 1b
2:
  svc #0
// A program that rang finds the answer there, too.
hv_gate_rang:
  ldr x0, [x8, #HV_FRAME_RESULT]
hv_gate_leave:
  ldr x1, [x8, #(HV_FRAME_ARGS + 8)]
  ldr x8, [x8, #HV_GATE_TRAMPOLINE]
  br x8
hv_gate_end:
hv_stub_code_end:

  .section .note.GNU-stack, "", %progbits
#include "shim/arm64/property.inc"
