// The signal and si_code of a fault that cannot be mended.

export interface FaultSignal {
  readonly signal: number
  readonly code: number
}

/** SIGSEGV, nothing mapped there. */
export const SEGV_MAPERR: FaultSignal = {signal: 11, code: 1}
/** SIGSEGV, the mapping forbids it. */
export const SEGV_ACCERR: FaultSignal = {signal: 11, code: 2}
/** SIGBUS, past the end of the file. */
export const BUS_ADRERR: FaultSignal = {signal: 7, code: 2}
/** SIGKILL, no memory left: what Linux's OOM killer does. */
export const OUT_OF_MEMORY: FaultSignal = {signal: 9, code: 0x80}
