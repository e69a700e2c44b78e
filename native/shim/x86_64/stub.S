// stub.S: the code of a stub: makes the system calls that the tracer lists, and stops; and the gate, which programs enter.
// Position-independent: it runs at two addresses.

#include "shim/abi.h"
#include "shim/stub.h"

  .section .rodata.hv_stub, "a", @progbits
  .balign 16

  .hidden hv_stub_code, hv_stub_calls, hv_stub_called, hv_stub_handler, hv_stub_code_end
  .globl hv_stub_code, hv_stub_calls, hv_stub_called, hv_stub_handler, hv_stub_code_end
  .hidden hv_gate_cached, hv_gate_cached_end, hv_gate, hv_gate_stored, hv_gate_rang, hv_gate_end
  .globl hv_gate_cached, hv_gate_cached_end, hv_gate, hv_gate_stored, hv_gate_rang, hv_gate_end

#define FRAME(field) %gs:field
#define FRAME_RSP HV_GATE_RSP
#define FRAME_STACK mov FRAME(HV_GATE_STACK), %rsp
#include "shim/x86_64/call.inc"

hv_stub_code:
// RBX: the first call, R12: how many. Stops after the last one, or after the first that fails: its result is in RAX, and
// R12 says how many were not made.
hv_stub_calls:
  mov 0(%rbx), %rax
  mov 8(%rbx), %rdi
  mov 16(%rbx), %rsi
  mov 24(%rbx), %rdx
  mov 32(%rbx), %r10
  mov 40(%rbx), %r8
  mov 48(%rbx), %r9
  syscall
// The only place where the filter lets calls come from.
hv_stub_called:
  cmp $-4095, %rax
  jae hv_stub_handler
  add $HV_STUB_CALL_BYTES, %rbx
  dec %r12
  jnz hv_stub_calls
// Also the handler of the signals whose frames the tracer reads, and the ELF entry point, from which no tracer lets it run.
hv_stub_handler:
  int3

// A call whose result is known. No flag changes.
hv_gate_cached:
  flags_to_r11
  mov %gs:HV_FRAME_CACHED(,%rax,4), %eax
hv_gate_cached_end:
  jmp *%rcx

// Patched call sites come here, with RCX as SYSCALL leaves it: the same protocol as entry.S. The bell is a system call, which the
// kernel stops at and does not make. R11, in which SYSCALL leaves the flags, is free until the end.
hv_gate:
  flags_to_r11
  mov %r11, FRAME(HV_GATE_RFLAGS)
  mov %rcx, FRAME(HV_GATE_RCX)
  store_call
  mov $HV_STATE_REQUEST, %r11d
  xchg %r11d, FRAME(HV_FRAME_STATE)
hv_gate_stored:
  await_answer %r11d, hv_gate_rang
  syscall
// A program that rang finds the answer there, too.
hv_gate_rang:
  mov FRAME(HV_FRAME_RESULT), %rax
  mov FRAME(HV_GATE_RCX), %rcx
  mov FRAME(HV_GATE_RFLAGS), %r11
  flags_from_r11
  jmp *%rcx
hv_gate_end:
hv_stub_code_end:

  .section .note.GNU-stack, "", @progbits
#include "shim/x86_64/property.inc"
