// entry.S: the guest's kernel mode: SYSCALL entry, fault stubs and the way back to the program. Position-independent: copied
// once into guest memory, mapped into each context's window, and reaches its frame relative to RIP; so neither a
// stack nor swapgs is needed, and RCX and R11 never leave their registers (SDM vol. 3, 5.8.8).

#include "arch/x86_64/layout.h"
#include "shim/abi.h"

  .section .rodata.hv_shim, "a", @progbits
  .balign 4096

// Labels of the window that begins at `hv_shim_entry`.
#define WINDOW hv_shim_entry
#define FRAME(field) (WINDOW + HV_WINDOW_FRAME + (field))(%rip)
#include "shim/x86_64/call.inc"

  .hidden hv_shim_entry, hv_shim_stored, hv_shim_tail, hv_shim_entry_end
  .hidden hv_shim_stubs, hv_shim_returning, hv_shim_return, hv_shim_pushed, hv_shim_popped, hv_shim_stubs_end
  .globl hv_shim_entry, hv_shim_stored, hv_shim_tail, hv_shim_entry_end
  .globl hv_shim_stubs, hv_shim_returning, hv_shim_return, hv_shim_pushed, hv_shim_popped, hv_shim_stubs_end

hv_shim_entry:
  store_call
// From here RAX lives in the frame alone. xchg is a full barrier: the host sees the words above before the request.
  mov $HV_STATE_REQUEST, %eax
  xchg %eax, FRAME(HV_FRAME_STATE)
hv_shim_stored:
// A program that single-steps goes on with iretq, which the host sets up: after sysretq it would trap before its next instruction.
  test $HV_TRAP_FLAG, %r11d
  jnz 2f
  await_answer %eax, hv_shim_tail
2:
  out %al, $HV_PORT_SYSCALL
// An interrupted vCPU whose RIP is here or further has its answer: see trap.cc.
hv_shim_tail:
  cmpl $0, FRAME(HV_FRAME_ACTION)
  jne 4f
3:
  mov FRAME(HV_FRAME_RESULT), %rax
  sysretq
// The action is taken with an exchange: what the host orders meanwhile is left for the next time.
4:
  xor %eax, %eax
  xchg %eax, FRAME(HV_FRAME_ACTION)
  mov %cr3, %rax
  mov %rax, %cr3
  jmp 3b
hv_shim_entry_end:

  .org hv_shim_entry + HV_WINDOW_STUBS
hv_shim_stubs:
// One stub for each vector, HV_STUB_SIZE apart. The processor pushes an error code for 8, 10-14, 17, 21, 29 and 30
// (SDM vol. 3, table 6-1; APM vol. 2, 8.2); the other stubs push 0 in its place.
  .set vector, 0
  .rept HV_VECTORS
  .org hv_shim_stubs + vector * HV_STUB_SIZE
  .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
  pushq $0
  .endif
  pushq $vector
  jmp fault
  .set vector, vector + 1
  .endr
  .org hv_shim_stubs + HV_VECTORS * HV_STUB_SIZE
fault:
  push %rax
  mov %cr2, %rax
  xchg %rax, (%rsp)
  out %al, $HV_PORT_FAULT
hv_shim_returning:
  add $24, %rsp
// The host starts a context here. The iret frame is always the first thing on the private stack.
hv_shim_return:
  cmpl $0, FRAME(HV_FRAME_ACTION)
  jne 5f
  iretq
5:
  push %rax
hv_shim_pushed:
  xor %eax, %eax
  xchg %eax, FRAME(HV_FRAME_ACTION)
  mov %cr3, %rax
  mov %rax, %cr3
  pop %rax
hv_shim_popped:
  iretq
hv_shim_stubs_end:

  .section .note.GNU-stack, "", @progbits
#include "shim/x86_64/property.inc"
