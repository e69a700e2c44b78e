// stub.h: where things lie in a stub, the process that the ptrace platform runs programs in; for C++ and for the assembler.
// The code is a page of an image, a memfd; the rest belongs to the MemoryFile's memfd. The same on every architecture.
#pragma once

// As many as the CPUs that can run one space.
#define HV_STUB_THREADS 8

// Byte offsets from the address where the stub keeps it.
#define HV_STUB_CODE 0x0      // read, execute
#define HV_STUB_CALLS 0x1000  // read: a page for each thread
#define HV_STUB_CALLS_BYTES 0x1000
#define HV_STUB_STACKS \
  0x9000  // read, write: for each thread its trap frame, and the kernel's signal frames
#define HV_STUB_STACK_STRIDE 0xd000
#define HV_STUB_FRAME_BYTES 0x1000
#define HV_STUB_STACK_BYTES 0xc000
#define HV_STUB_BYTES 0x71000
// The image: the code, and the calls of the stub's first moments.
#define HV_STUB_IMAGE_BYTES 0x2000

// One system call: number and six arguments, u64 each.
#define HV_STUB_CALL_WORDS 7
#define HV_STUB_CALL_BYTES 56
// As many as fit in a thread's page before the data that they point to.
#define HV_STUB_CALL_MAX 64
#define HV_STUB_CALL_DATA 0xe00

// What the gate needs besides abi.h's words, in the trap frame's page. x86_64:
#define HV_GATE_RSP 0x80  // the program's registers, until it goes on
#define HV_GATE_RCX 0x88
#define HV_GATE_RFLAGS 0x90
#define HV_GATE_STACK 0x98  // u64, tracer: the top of a stack for the flags, in this page
#define HV_GATE_STACK_TOP 0x200
// arm64:
#define HV_GATE_TRAMPOLINE 0x80  // where the program goes on, with X8 as scratch
#define HV_GATE_BEHIND 0x88      // the address after its call
