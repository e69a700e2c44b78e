// Fault: what a program did in user mode that needs an answer, as Linux reports it.

import type {Protection} from '../abi/mman.ts'

/** The platform cannot tell cheaply what an access wanted. */
export const ACCESS_UNKNOWN = 0

/** A fault in user mode, in the terms of Linux's siginfo and sigcontext. */
export interface Fault {
  /** The signal Linux would raise (SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS). SIGSEGV with `isPageFault` may be mendable. */
  signal: number
  /** si_code when the signal is raised as it stands. */
  code: number
  /** The faulting data address (page faults) or the instruction's; in the kernel's half a negative number. */
  address: number
  /** si_addr, where `address` does not hold all 64 bits of it. */
  exactAddress?: bigint
  /** What sigcontext says from now on: cr2 (x86_64), fault_address (arm64). Absent: what it said before. */
  recordedAddress?: number | bigint
  isPageFault: boolean
  /** What the access wanted: PROT_READ, PROT_WRITE, PROT_EXEC or ACCESS_UNKNOWN. Page faults only. */
  access: Protection
  /** sigcontext's trapno and err (x86_64); its esr, 0 for none, in err (arm64). */
  trapNumber: number
  errorCode: number
}
