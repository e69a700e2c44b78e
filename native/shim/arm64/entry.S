// entry.S: the guest's kernel mode: exception vectors, the frame, the doorbells and the way back to the program. Mapped once
// for all contexts: SP_EL1 always points to the context's own frame, so no stack and no scratch register is needed to reach
// it, and x0 and x1 are saved there first. Position-independent.

#include "arch/arm64/layout.h"
#include "shim/abi.h"

#define REGISTERS HV_FRAME_REGISTERS
#define EC_SVC64 0x15

// A doorbell: a load from where there is no memory. Its value is not used.
  .macro ring doorbell
  ldr wzr, [sp, #(HV_DOORBELLS + \doorbell)]
  .endm

// Stores x2-x29 to the frame (stp), or loads them (ldp).
  .macro each_pair instruction
  \instruction x2, x3, [sp, #(REGISTERS + 16)]
  \instruction x4, x5, [sp, #(REGISTERS + 32)]
  \instruction x6, x7, [sp, #(REGISTERS + 48)]
  \instruction x8, x9, [sp, #(REGISTERS + 64)]
  \instruction x10, x11, [sp, #(REGISTERS + 80)]
  \instruction x12, x13, [sp, #(REGISTERS + 96)]
  \instruction x14, x15, [sp, #(REGISTERS + 112)]
  \instruction x16, x17, [sp, #(REGISTERS + 128)]
  \instruction x18, x19, [sp, #(REGISTERS + 144)]
  \instruction x20, x21, [sp, #(REGISTERS + 160)]
  \instruction x22, x23, [sp, #(REGISTERS + 176)]
  \instruction x24, x25, [sp, #(REGISTERS + 192)]
  \instruction x26, x27, [sp, #(REGISTERS + 208)]
  \instruction x28, x29, [sp, #(REGISTERS + 224)]
  .endm

// Saves x2-x30 and the program's own SP, PC, PSTATE and TPIDR_EL0 to the frame. Clobbers x0 and x1.
  .macro save_rest
  each_pair stp
  mrs x0, sp_el0
  stp x30, x0, [sp, #(REGISTERS + 240)]
  mrs x0, elr_el1
  mrs x1, spsr_el1
  stp x0, x1, [sp, #(REGISTERS + 256)]
  mrs x0, tpidr_el0
  str x0, [sp, #(REGISTERS + 272)]
  .endm

// Takes the action (HV_ACTION_*) and does it; what the host orders meanwhile is left for the next time. Clobbers x0-x2. The
// barriers are those of the Arm ARM, D8.17 (TLB maintenance) and D7.5.9 (instruction caches); the host's stores to page tables
// are visible before the action is. Exclusives, because a Cortex-A72 has no swp.
  .macro act
  add x1, sp, #HV_FRAME_ACTION
1:
  ldaxr w0, [x1]
  stxr w2, wzr, [x1]
  cbnz w2, 1b
  tbz w0, #0, 2f
  dsb ish
  tlbi vmalle1is
2:
  tbz w0, #1, 3f
  ic ialluis
3:
  dsb ish
  isb
  .endm

// Keeps the processor from speculating past the return.
  .macro return_to_program
  eret
  dsb nsh
  isb
  .endm

  .macro vector target
  .balign 128
  b \target
  .endm

  .section .rodata.hv_shim, "a", %progbits
  .balign 4096

  .hidden hv_shim_vectors, hv_shim_stored, hv_shim_tail, hv_shim_fault, hv_shim_return, hv_shim_end
  .globl hv_shim_vectors, hv_shim_stored, hv_shim_tail, hv_shim_fault, hv_shim_return, hv_shim_end

// Arm ARM D1.3.1.4, the vector table: only synchronous exceptions of the program ever come.
hv_shim_vectors:
  .rept 8
  vector dead
  .endr
  .balign 128
  stp x0, x1, [sp, #REGISTERS]
  mrs x1, esr_el1
  ubfx x1, x1, #26, #6
  cmp x1, #EC_SVC64
  b.eq call
  b hv_shim_fault
  .rept 7
  vector dead
  .endr
  .balign 128

// A mistake of the shim or of the host.
dead:
  mrs x0, esr_el1
  mrs x1, far_el1
  stp x0, x1, [sp, #HV_FRAME_SYNDROME]
  ring HV_DOORBELL_DEAD
  b dead

call:
  ldr x1, [sp, #(REGISTERS + 8)]
  stp x0, x1, [sp, #HV_FRAME_ARGS]
  stp x2, x3, [sp, #(HV_FRAME_ARGS + 16)]
  stp x4, x5, [sp, #(HV_FRAME_ARGS + 32)]
  str x8, [sp, #HV_FRAME_NUMBER]
// Store-release: the host sees the words above before the request. The load-acquire after it is not reordered with it
// (B2.3.11): either the shim sees that the host no longer polls, or the host sees the request.
  mov w0, #HV_STATE_REQUEST
  stlr w0, [sp]
hv_shim_stored:
  add x1, sp, #HV_FRAME_POLLING
  ldar w1, [x1]
  cbz w1, 4f
3:
  isb
  ldar w0, [sp]
  cmp w0, #HV_STATE_ANSWERED
  b.eq hv_shim_tail
  ldr w0, [sp, #HV_FRAME_POLLING]
  cbz w0, 4f
  subs w1, w1, #1
  b.ne 3b
4:
  save_rest
  ring HV_DOORBELL_SYSCALL
// A vCPU that is interrupted from here on has its answer: see trap.cc.
hv_shim_tail:
  ldr w0, [sp, #HV_FRAME_ACTION]
  cbnz w0, 5f
  ldr x1, [sp, #(REGISTERS + 8)]
  ldr x0, [sp, #HV_FRAME_RESULT]
  return_to_program
// Acting takes more registers than are free here.
5:
  tbnz w0, #2, hv_shim_return
  save_rest
  ldr x0, [sp, #HV_FRAME_RESULT]
  str x0, [sp, #REGISTERS]
  b hv_shim_return

hv_shim_fault:
  save_rest
  mrs x0, esr_el1
  mrs x1, far_el1
  stp x0, x1, [sp, #HV_FRAME_SYNDROME]
  ring HV_DOORBELL_FAULT
// The host starts a context here. From here on the frame has all of the program's registers.
hv_shim_return:
  ldr w0, [sp, #HV_FRAME_ACTION]
  cbz w0, load
  act
load:
  each_pair ldp
  ldp x30, x0, [sp, #(REGISTERS + 240)]
  msr sp_el0, x0
  ldp x0, x1, [sp, #(REGISTERS + 256)]
  msr elr_el1, x0
  msr spsr_el1, x1
  ldr x0, [sp, #(REGISTERS + 272)]
  msr tpidr_el0, x0
  ldp x0, x1, [sp, #REGISTERS]
  return_to_program
hv_shim_end:

  .section .note.GNU-stack, "", %progbits
#include "shim/arm64/property.inc"
