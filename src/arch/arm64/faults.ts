// Exceptions of EL0 as Linux reports them: Arm ARM D24.2.40 (ESR_EL1); arch/arm64/mm/fault.c, kernel/traps.c and
// kernel/entry-common.c for signals and codes.

import {PROT_EXEC, PROT_READ, PROT_WRITE} from '../../abi/mman.ts'
import {SI_KERNEL} from '../../abi/siginfo.ts'
import {SIGBUS, SIGFPE, SIGILL, SIGKILL, SIGSEGV, SIGTRAP} from '../../abi/signal.ts'
import type {FrameContext, TrapRecord} from '../architecture.ts'
import {type Fault, plainFault} from '../fault.ts'
import {SP} from './registers.ts'

// Exception classes.
const UNKNOWN = 0x00
const FP_ACCESS = 0x07
const BRANCH_TARGET = 0x0d
const SYSTEM_REGISTER = 0x18
const SVE_ACCESS = 0x19
const POINTER_AUTHENTICATION = 0x1c
const SME_ACCESS = 0x1d
const INSTRUCTION_ABORT = 0x20
const PC_ALIGNMENT = 0x22
const DATA_ABORT = 0x24
const SP_ALIGNMENT = 0x26
const FP_EXCEPTION = 0x2c
const BREAKPOINT = 0x30
const STEP = 0x32
const WATCHPOINT = 0x34
const BRK = 0x3c

// The syndrome of aborts.
const CLASS_AND_LENGTH = 0xfe000000
const FAR_NOT_VALID = 1 << 10
const CACHE_MAINTENANCE = 1 << 8
const WRITE = 1 << 6
const STATUS = 0x3f
const TRANSLATION_LEVEL_0 = 0x04
const PERMISSION_LEVEL_3 = 0x0f
const EXTERNAL_ABORT = 0x10
const TAG_CHECK = 0x11
const PARITY_ERROR = 0x18
const ALIGNMENT = 0x21
const TRANSLATION_BELOW_LEVEL_0 = 0x2b
const UNSUPPORTED_EXCLUSIVE = 0x35

// si_code: asm-generic/siginfo.h.
const ILL_ILLOPC = 1
const ILL_ILLOPN = 2
const FPE_FLTUNK = 14
const SEGV_MAPERR = 1
const SEGV_MTESERR = 9
const BUS_ADRALN = 1
const BUS_OBJERR = 3
const TRAP_BRKPT = 1
const TRAP_TRACE = 2
const TRAP_HWBKPT = 4

/** The top byte of a user address is the program's own: TCR_EL1.TBI0. */
const TAG_BYTE = 7
const SI_ADDR = 16

/** Stack alignment faults leave FAR_EL1 unchanged: `context` is read for those. */
export function faultOf(trap: TrapRecord, userTop: number, context: FrameContext): Fault {
  const {vector, errorCode} = trap
  const pc = BigInt(trap.programCounter)
  switch (vector) {
    case INSTRUCTION_ABORT:
    case DATA_ABORT:
      return abort(trap, userTop)
    case PC_ALIGNMENT:
      return raise(vector, SIGBUS, BUS_ADRALN, trap.address, errorCode)
    case SP_ALIGNMENT:
      return raise(vector, SIGBUS, BUS_ADRALN, context.readRegisters()[SP], errorCode)
    case FP_EXCEPTION:
      return raise(vector, SIGFPE, floatingPointCode(errorCode), pc)
    case BRK:
      return raise(vector, SIGTRAP, TRAP_BRKPT, pc)
    case STEP:
      return raise(vector, SIGTRAP, TRAP_TRACE, pc)
    case BREAKPOINT:
      return raise(vector, SIGTRAP, TRAP_HWBKPT, pc)
    case WATCHPOINT:
      return raise(vector, SIGTRAP, TRAP_HWBKPT, trap.address)
    case POINTER_AUTHENTICATION:
      return raise(vector, SIGILL, ILL_ILLOPN, pc, errorCode)
    case UNKNOWN:
    case FP_ACCESS:
    case BRANCH_TARGET:
    case SYSTEM_REGISTER:
    case SVE_ACCESS:
    case SME_ACCESS:
      return raise(vector, SIGILL, ILL_ILLOPC, pc)
    default:
      return raise(vector, SIGILL, ILL_ILLOPC, pc, errorCode)
  }
}

/** arm64_notify_segfault of kernel/traps.c. */
export function badFrameFault(registers: BigUint64Array): Fault {
  const address = registers[SP]
  return {...raise(0, SIGSEGV, SEGV_MAPERR, untag(address)), exactAddress: address}
}

/** Removes the tag of a fault's si_addr, as kernel/signal.c hides it from handlers without SA_EXPOSE_TAGBITS. */
export function withoutAddressTag(info: Uint8Array): Uint8Array {
  const view = new DataView(info.buffer, info.byteOffset, info.byteLength)
  const signal = view.getInt32(0, true)
  const code = view.getInt32(8, true)
  const isFault = [SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP].includes(signal) && code > 0 && code < SI_KERNEL
  if (!isFault || (signal === SIGTRAP && code === TRAP_BRKPT)) return info

  const untagged = info.slice()
  const address = view.getBigUint64(SI_ADDR, true)
  untagged[SI_ADDR + TAG_BYTE] = Number(untag(address) >> 56n)
  return untagged
}

/** untagged_addr: an address of the kernel's half (bit 55) stays as it is. */
function untag(address: bigint): bigint {
  return address & BigInt.asUintN(64, BigInt.asIntN(56, address))
}

function abort(trap: TrapRecord, userTop: number): Fault {
  const {vector, errorCode} = trap
  const untagged = untag(trap.address)
  switch (errorCode & STATUS) {
    case EXTERNAL_ABORT:
    case PARITY_ERROR:
      return raise(vector, SIGBUS, BUS_OBJERR, errorCode & FAR_NOT_VALID ? 0n : untagged, errorCode)
    case UNSUPPORTED_EXCLUSIVE:
      return raise(vector, SIGBUS, BUS_OBJERR, untagged, errorCode)
    case ALIGNMENT:
      return {...badAddress(trap, userTop), signal: SIGBUS, code: BUS_ADRALN}
    case TAG_CHECK:
      return {...badAddress(trap, userTop), code: SEGV_MTESERR}
  }
  if (!isPageFault(errorCode & STATUS)) return raise(vector, SIGKILL, SI_KERNEL, untagged, errorCode)

  return {...badAddress(trap, userTop), isPageFault: true, access: accessOf(trap)}
}

/** Translation, access flag and permission faults of any level. */
function isPageFault(status: number): boolean {
  return (
    (status >= TRANSLATION_LEVEL_0 && status <= PERMISSION_LEVEL_3) || status === TRANSLATION_BELOW_LEVEL_0
  )
}

/** Cache maintenance is reported as a write (D24.2.40, WnR), but needs only read access. */
function accessOf({vector, errorCode}: TrapRecord): number {
  if (vector === INSTRUCTION_ABORT) return PROT_EXEC
  return errorCode & WRITE && !(errorCode & CACHE_MAINTENANCE) ? PROT_WRITE : PROT_READ
}

/** do_bad_area. */
function badAddress({vector, errorCode, address}: TrapRecord, userTop: number): Fault {
  const untagged = untag(address)
  const isUser = untagged < BigInt(userTop)
  return {
    signal: SIGSEGV,
    code: SEGV_MAPERR,
    address: Number(BigInt.asIntN(64, untagged)),
    exactAddress: address,
    recordedAddress: untagged,
    isPageFault: false,
    access: 0,
    trapNumber: vector,
    errorCode: isUser ? errorCode : hideMapping(vector, errorCode),
  }
}

/** Hides what is mapped above user space: there, every fault is reported as a translation fault at level 0. */
function hideMapping(vector: number, errorCode: number): number {
  const kept = vector === DATA_ABORT ? CLASS_AND_LENGTH | CACHE_MAINTENANCE | WRITE : CLASS_AND_LENGTH
  return ((errorCode & kept) | TRANSLATION_LEVEL_0) >>> 0
}

/** @param errorCode shown by sigcontext; 0: none */
function raise(vector: number, signal: number, code: number, address: bigint, errorCode = 0): Fault {
  const fault = plainFault(signal, code, Number(BigInt.asIntN(64, address)), vector, errorCode)
  return {...fault, exactAddress: address, recordedAddress: 0n}
}

/** FPE_*: D24.2.40, ISS of a trapped floating-point exception: TFV says whether the bits are valid. */
function floatingPointCode(errorCode: number): number {
  if (!(errorCode & (1 << 23))) return FPE_FLTUNK
  if (errorCode & 1) return 7 // IOF: FPE_FLTINV
  if (errorCode & 2) return 3 // DZF: FPE_FLTDIV
  if (errorCode & 4) return 4 // OFF: FPE_FLTOVF
  if (errorCode & 8) return 5 // UFF: FPE_FLTUND
  if (errorCode & 16) return 6 // IXF: FPE_FLTRES
  return FPE_FLTUNK
}
