// Fault: an event in a user-mode program that needs an answer, as Linux reports it.

import type {Protection} from '../abi/mman.ts'

/** The platform cannot tell cheaply what kind of access it was. */
export const ACCESS_UNKNOWN = 0

/** A fault in user mode, in the terms of Linux's siginfo and sigcontext. */
export interface Fault {
  /** The signal that Linux would raise (SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS). SIGSEGV with `isPageFault` may be resolvable. */
  signal: number
  /** si_code, if the signal is raised. */
  code: number
  /** The faulting data address (page faults) or the instruction's; negative in the kernel's half. */
  address: number
  /** si_addr, where `address` cannot hold all 64 bits of it. */
  exactAddress?: bigint
  /** What sigcontext reports from now on: cr2 (x86_64), fault_address (arm64). Absent: as before. */
  recordedAddress?: number | bigint
  isPageFault: boolean
  /** The kind of access: PROT_READ, PROT_WRITE, PROT_EXEC or ACCESS_UNKNOWN. Page faults only. */
  access: Protection
  /** sigcontext's trapno and err (x86_64); its esr, 0 for none, in err (arm64). */
  trapNumber: number
  errorCode: number
}

/** A fault that no page can mend. */
export function plainFault(
  signal: number,
  code: number,
  address: number,
  trapNumber: number,
  errorCode: number,
): Fault {
  return {signal, code, address, isPageFault: false, access: ACCESS_UNKNOWN, trapNumber, errorCode}
}
