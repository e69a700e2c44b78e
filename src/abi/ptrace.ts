// Requests of ptrace(2): linux/ptrace.h, asm/ptrace-abi.h.

export const PTRACE_TRACEME = 0
export const PTRACE_PEEKTEXT = 1
export const PTRACE_PEEKDATA = 2
export const PTRACE_CONT = 7
export const PTRACE_KILL = 8
/** x86_64. */
export const PTRACE_GETREGS = 12
/** x86_64. */
export const PTRACE_GETFPREGS = 14
export const PTRACE_ATTACH = 16
export const PTRACE_DETACH = 17
export const PTRACE_GETSIGINFO = 0x4202
export const PTRACE_GETREGSET = 0x4204
export const PTRACE_SEIZE = 0x4206
