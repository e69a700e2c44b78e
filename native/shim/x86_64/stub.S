// stub.S: the code of a stub: makes the system calls that the tracer lists, and stops. Position-independent: it runs at two
// addresses, and is only ever entered by a tracer that sets its registers.

#include "shim/stub.h"

  .section .rodata.hv_stub, "a", @progbits
  .balign 16

  .hidden hv_stub_code, hv_stub_calls, hv_stub_called, hv_stub_handler, hv_stub_code_end
  .globl hv_stub_code, hv_stub_calls, hv_stub_called, hv_stub_handler, hv_stub_code_end

hv_stub_code:
// RBX: the first call, R12: how many. Stops behind the last one, or behind the first that fails: its result is in RAX, and
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
// Also the handler of the signals whose frames the tracer reads, and the entry point, where no tracer lets it begin.
hv_stub_handler:
  int3
hv_stub_code_end:

  .section .note.GNU-stack, "", @progbits
