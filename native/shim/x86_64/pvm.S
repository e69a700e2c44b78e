// pvm.S: the SYSCALL entry on PVM hosts, where SYSCALL goes to LSTAR without leaving ring 3 (arch/x86_64/pvm.h). The same
// protocol as entry.S; the doorbell is a store into a page without memory, and the last instruction a jump. Patched call sites come by
// the gate, without SYSCALL, and with RCX as SYSCALL has it.

#include "arch/x86_64/layout.h"
#include "shim/abi.h"

  .section .rodata.hv_shim_pvm, "a", @progbits
  .balign 4096

#define WINDOW hv_pvm_entry
#define FRAME(field) (WINDOW + HV_WINDOW_FRAME + (field))(%rip)
#define SAVED_RSP 0x100
#define STACK_TOP 0x200

  .hidden hv_pvm_entry, hv_pvm_noted, hv_pvm_stored, hv_pvm_rang, hv_pvm_tail, hv_pvm_gate, hv_pvm_known, hv_pvm_knew, hv_pvm_entry_end
  .globl hv_pvm_entry, hv_pvm_noted, hv_pvm_stored, hv_pvm_rang, hv_pvm_tail, hv_pvm_gate, hv_pvm_known, hv_pvm_knew, hv_pvm_entry_end

hv_pvm_entry:
  mov %rcx, FRAME(HV_FRAME_CALLER)
hv_pvm_noted:
  mov %rax, FRAME(HV_FRAME_NUMBER)
  mov %rdi, FRAME(HV_FRAME_ARGS + 0)
  mov %rsi, FRAME(HV_FRAME_ARGS + 8)
  mov %rdx, FRAME(HV_FRAME_ARGS + 16)
  mov %r10, FRAME(HV_FRAME_ARGS + 24)
  mov %r8, FRAME(HV_FRAME_ARGS + 32)
  mov %r9, FRAME(HV_FRAME_ARGS + 40)
  mov $HV_STATE_REQUEST, %eax
  xchg %eax, FRAME(HV_FRAME_STATE)
hv_pvm_stored:
// A program that single-steps goes on as the host sets it up: behind the jump it would trap before its next instruction.
  test $HV_TRAP_FLAG, %r11d
  jnz 2f
  mov FRAME(HV_FRAME_LISTENING), %eax
  test %eax, %eax
  jz 2f
1:
  pause
  cmpl $HV_STATE_ANSWERED, FRAME(HV_FRAME_STATE)
  je hv_pvm_tail
  dec %eax
  jnz 1b
2:
  mov %al, hv_pvm_entry + HV_WINDOW_DOORBELL(%rip)
// Never comes back here: the host sets RIP, RFLAGS and RAX.
hv_pvm_rang:
  ud2
// The program's flags come back through a stack of the frame's page: its own stack may be anything.
hv_pvm_tail:
  mov FRAME(HV_FRAME_RESULT), %rax
  mov %rsp, FRAME(SAVED_RSP)
  lea FRAME(STACK_TOP), %rsp
  push %r11
  popfq
  mov FRAME(SAVED_RSP), %rsp
  jmp *%rcx
// R11 gets the flags, as SYSCALL gives it them. The frame's second cache line stays the host's.
hv_pvm_gate:
  mov %rsp, FRAME(SAVED_RSP)
  lea FRAME(STACK_TOP), %rsp
  pushfq
  pop %r11
  mov FRAME(SAVED_RSP), %rsp
  jmp hv_pvm_noted
// A call whose result is known. No flag changes. Who came by GS finds the frame by it, too.
hv_pvm_known:
  mov %rsp, FRAME(SAVED_RSP)
  lea FRAME(STACK_TOP), %rsp
  pushfq
  pop %r11
  mov FRAME(SAVED_RSP), %rsp
  mov %gs:HV_FRAME_KNOWN(,%rax,4), %eax
hv_pvm_knew:
  jmp *%rcx
hv_pvm_entry_end:

  .section .note.GNU-stack, "", @progbits
