// Exceptions of ring 3 as Linux reports them (SDM vol. 3, table 6-1; arch/x86/kernel/traps.c for signals and codes).

import {PROT_EXEC, PROT_READ, PROT_WRITE} from '../../abi/mman.ts'
import {SI_KERNEL} from '../../abi/siginfo.ts'
import {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP} from '../../abi/signal.ts'
import type {FrameContext, TrapRecord} from '../architecture.ts'
import {type Fault, plainFault} from '../fault.ts'

const FPE_INTDIV = 1
const TRAP_TRACE = 2
const ILL_ILLOPN = 2
const BUS_ADRALN = 1
const SEGV_MAPERR = 1

const PAGE_FAULT = 14
const X87_ERROR = 16
const SIMD_ERROR = 19
const PF_PRESENT = 1
const PF_WRITE = 2
const PF_FETCH = 16

/** vector: [signal, si_code, whether si_addr is the instruction's]; every other vector is SIGSEGV from the kernel. */
const SIGNALS: Readonly<Record<number, readonly [signal: number, code: number, atInstruction: boolean]>> = {
  0: [SIGFPE, FPE_INTDIV, true],
  1: [SIGTRAP, TRAP_TRACE, true],
  3: [SIGTRAP, SI_KERNEL, false],
  6: [SIGILL, ILL_ILLOPN, true],
  11: [SIGBUS, SI_KERNEL, false],
  12: [SIGBUS, SI_KERNEL, false],
  16: [SIGFPE, 0, true],
  17: [SIGBUS, BUS_ADRALN, false],
  19: [SIGFPE, 0, true],
}

/** The XSAVE area says which floating-point error it was: `context` is read for that. */
export function faultOf(trap: TrapRecord, userTop: number, context: FrameContext): Fault {
  const {vector, errorCode} = trap
  // Signed, so that addresses of the kernel's half, too, fit 53 bits.
  if (vector === PAGE_FAULT) return pageFault(errorCode, Number(BigInt.asIntN(64, trap.address)), userTop)

  const [signal, code, atInstruction] = SIGNALS[vector] ?? [SIGSEGV, SI_KERNEL, false]
  const isFloating = vector === X87_ERROR || vector === SIMD_ERROR
  const shown = isFloating ? floatingPointCode(vector, context.readFpState()) : code
  return plainFault(signal, shown, atInstruction ? trap.programCounter : 0, vector, errorCode)
}

function pageFault(errorCode: number, address: number, userTop: number): Fault {
  return {
    signal: SIGSEGV,
    code: SEGV_MAPERR,
    address,
    isPageFault: true,
    access: errorCode & PF_FETCH ? PROT_EXEC : errorCode & PF_WRITE ? PROT_WRITE : PROT_READ,
    recordedAddress: address,
    trapNumber: PAGE_FAULT,
    // As on Linux, to hide what is mapped above user space.
    errorCode: address < 0 || address >= userTop ? errorCode | PF_PRESENT : errorCode,
  }
}

/** FPE_*: which of the unmasked exceptions came first (SDM vol. 1, 8.1.3.3 and 10.2.3). */
function floatingPointCode(vector: number, xsave: Uint8Array): number {
  const view = new DataView(xsave.buffer, xsave.byteOffset)
  const mxcsr = view.getUint32(24, true)
  const raised =
    vector === X87_ERROR ? view.getUint16(2, true) & ~view.getUint16(0, true) : mxcsr & ~(mxcsr >> 7)
  if (raised & 1) return 7 // FPE_FLTINV
  if (raised & 4) return 3 // FPE_FLTDIV
  if (raised & 8) return 4 // FPE_FLTOVF
  if (raised & (2 | 16)) return 5 // FPE_FLTUND
  if (raised & 32) return 6 // FPE_FLTRES
  return 0
}
