// pvm.S: the SYSCALL entry on PVM hosts, where SYSCALL goes to LSTAR without leaving ring 3 (arch/x86_64/pvm.h). The same
// protocol as entry.S; the doorbell is a store into a page without memory, and the last instruction a jump. Patched call sites come
// through the gate, without SYSCALL, and with RCX as SYSCALL leaves it.

#include "arch/x86_64/layout.h"
#include "shim/abi.h"

  .section .rodata.hv_shim_pvm, "a", @progbits
  .balign 4096

#define WINDOW hv_pvm_entry
#define FRAME(field) (WINDOW + HV_WINDOW_FRAME + (field))(%rip)
#define FRAME_RSP 0x100
#define FRAME_STACK lea FRAME(0x200), %rsp
#include "shim/x86_64/call.inc"

  .hidden hv_pvm_entry, hv_pvm_noted, hv_pvm_stored, hv_pvm_rang, hv_pvm_tail, hv_pvm_gate, hv_pvm_cached, hv_pvm_cached_end, hv_pvm_entry_end
  .globl hv_pvm_entry, hv_pvm_noted, hv_pvm_stored, hv_pvm_rang, hv_pvm_tail, hv_pvm_gate, hv_pvm_cached, hv_pvm_cached_end, hv_pvm_entry_end

hv_pvm_entry:
  mov %rcx, FRAME(HV_FRAME_CALLER)
hv_pvm_noted:
  store_call
  mov $HV_STATE_REQUEST, %eax
  xchg %eax, FRAME(HV_FRAME_STATE)
hv_pvm_stored:
// A program that single-steps goes on as the host sets it up: after the jump it would trap before its next instruction.
  test $HV_TRAP_FLAG, %r11d
  jnz 2f
  await_answer %eax, hv_pvm_tail
2:
  mov %al, hv_pvm_entry + HV_WINDOW_DOORBELL(%rip)
// Never comes back here: the host sets RIP, RFLAGS and RAX.
hv_pvm_rang:
  ud2
hv_pvm_tail:
  mov FRAME(HV_FRAME_RESULT), %rax
  mov %rsp, FRAME(FRAME_RSP)
  flags_from_r11
  jmp *%rcx
// The gate leaves the frame's second cache line to the host.
hv_pvm_gate:
  flags_to_r11
  jmp hv_pvm_noted
// A call whose result is known. No flag changes. A program that came through GS finds the frame through it, too.
hv_pvm_cached:
  flags_to_r11
  mov %gs:HV_FRAME_CACHED(,%rax,4), %eax
hv_pvm_cached_end:
  jmp *%rcx
hv_pvm_entry_end:

  .section .note.GNU-stack, "", @progbits
#include "shim/x86_64/property.inc"
