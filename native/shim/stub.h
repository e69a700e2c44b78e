// stub.h: where things lie in a stub, the process that the ptrace platform runs programs in; for C++ and for the assembler.
// A stub's image is a memfd: code, then the calls it is to make, then its signal stack. The same on every architecture.
#ifndef HV_SHIM_STUB_H_
#define HV_SHIM_STUB_H_

// Byte offsets in the image, and from the address where the stub keeps it.
#define HV_STUB_CODE 0x0      // read, execute
#define HV_STUB_CALLS 0x1000  // read
#define HV_STUB_STACK 0x2000  // read, write: the kernel's signal frames
#define HV_STUB_STACK_END 0xe000
#define HV_STUB_BYTES 0xe000

// One system call: number and six arguments, u64 each.
#define HV_STUB_CALL_WORDS 7
#define HV_STUB_CALL_BYTES 56
// As many as fill HV_STUB_CALLS.
#define HV_STUB_CALL_MAX 73

#endif  // HV_SHIM_STUB_H_
