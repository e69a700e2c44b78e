// struct rt_sigframe of arm64: what a handler finds on its stack, and what rt_sigreturn(2) takes back.
// Layout and rules: Linux arch/arm64/kernel/signal.c, uapi/asm/sigcontext.h, uapi/asm/ucontext.h, asm-generic/siginfo.h.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {SA_EXPOSE_TAGBITS, SA_ONSTACK, SA_RESTORER, SA_SIGINFO} from '../../abi/signal.ts'
import {SignalSet} from '../../abi/signal-set.ts'
import {viewOf} from '../../abi/view.ts'
import type {FrameContext, FrameMemory, SignalFrame, SignalReturn} from '../architecture.ts'
import {getStack, roundDown, setAddress, setStack} from '../frame-words.ts'
import {withoutAddressTag} from './faults.ts'
import {
  ESR_BYTES,
  ESR_MAGIC,
  FPSIMD_BYTES,
  parseFrameFpState,
  type Region,
  toFrameFpState,
} from './fp-frame.ts'
import * as reg from './registers.ts'

/** A siginfo_t at 0, then the ucontext; after the frame comes the frame record that x29 points to: fp, lr. */
const INFO = 0
const UC = 128
const UC_STACK = UC + 16
const UC_MASK = UC + 40
const MCONTEXT = UC + 176
const RESERVED_BYTES = 4096
const FRAME_BYTES = 4688
const FRAME_RECORD_BYTES = 16

/** struct sigcontext: regs[31], sp, pc, pstate follow one another, as in the registers. */
const SC_FAULT_ADDRESS = MCONTEXT
const SC_REGISTERS = MCONTEXT + 8
const SC_REGISTER_COUNT = reg.PSTATE + 1
const SC_RESERVED = MCONTEXT + 288

// PSTATE: Arm ARM C5.2.19 (SPSR_EL1), names of uapi/asm/ptrace.h.
const PSTATE_MODE = 0x1fn
const PSTATE_DAIF = 0xfn << 6n
const PSTATE_BTYPE = 3n << 10n
const PSTATE_SSBS = 1n << 12n
const PSTATE_SS = 1n << 21n
const PSTATE_DIT = 1n << 24n
const PSTATE_TCO = 1n << 25n
const PSTATE_NZCV = 0xfn << 28n
/** All other bits of a frame's PSTATE are cleared: SPSR_EL1_AARCH64_RES0_BITS of kernel/ptrace.c, and SS. */
const PSTATE_KNOWN =
  PSTATE_MODE | PSTATE_DAIF | PSTATE_BTYPE | PSTATE_SSBS | PSTATE_DIT | PSTATE_TCO | PSTATE_NZCV

const STACK_ALIGNMENT = 16

/** As in minsigstksz_setup: the frame, the frame record, and what alignment takes. */
export function signalFrameBytes(_fpBytes: number): number {
  return FRAME_BYTES + FRAME_RECORD_BYTES + STACK_ALIGNMENT
}

export function pushSignalFrame(
  context: FrameContext,
  memory: FrameMemory,
  registers: BigUint64Array,
  frame: SignalFrame,
): void {
  const oldStackPointer = reg.access.stackPointer(registers)
  const address = placeFrame(frame, oldStackPointer)

  const bytes = new Uint8Array(FRAME_BYTES + FRAME_RECORD_BYTES)
  const view = new DataView(bytes.buffer)
  setStack(view, UC_STACK, frame.stack.describe(oldStackPointer))
  bytes.set(frame.mask.toBytes(), UC_MASK)
  setAddress(view, SC_FAULT_ADDRESS, frame.fault.address)
  for (let index = 0; index < SC_REGISTER_COUNT; index++) {
    view.setBigUint64(SC_REGISTERS + 8 * index, registers[index], true)
  }
  bytes.set(toFrameFpState(context.readFpState()), SC_RESERVED)
  // Without such a record, the terminator follows, zeros.
  if (frame.fault.errorCode !== 0) setEsrRecord(view, SC_RESERVED + FPSIMD_BYTES, frame.fault.errorCode)
  view.setBigUint64(FRAME_BYTES, registers[reg.X29], true)
  view.setBigUint64(FRAME_BYTES + 8, registers[reg.X30], true)
  if (frame.flags & SA_SIGINFO) bytes.set(infoOf(frame), INFO)

  memory.writeBytes(address, bytes)
  enterHandler(registers, frame, address)
}

export function popSignalFrame(context: FrameContext, memory: FrameMemory): SignalReturn {
  const registers = context.readRegisters()
  const address = reg.access.stackPointer(registers)
  if (address % STACK_ALIGNMENT !== 0) throw new Errno(EINVAL)
  const bytes = memory.readBytes(address, FRAME_BYTES)
  const view = viewOf(bytes)

  for (let index = 0; index < SC_REGISTER_COUNT; index++) {
    registers[index] = view.getBigUint64(SC_REGISTERS + 8 * index, true)
  }
  // valid_user_regs of kernel/ptrace.c: AArch64's EL0 with interrupts on.
  const pstate = registers[reg.PSTATE] & PSTATE_KNOWN
  const isUserMode = (pstate & (PSTATE_MODE | PSTATE_DAIF)) === 0n
  registers[reg.PSTATE] = isUserMode ? pstate : pstate & PSTATE_NZCV
  const reserved = {
    bytes: bytes.subarray(SC_RESERVED, SC_RESERVED + RESERVED_BYTES),
    address: address + SC_RESERVED,
  }
  const isBroken = !isUserMode || !restoreFpState(context, memory, reserved, address)
  context.writeRegisters(registers)
  return {
    mask: SignalSet.fromBytes(bytes, UC_MASK),
    stack: isBroken ? undefined : getStack(view, UC_STACK),
    isBroken,
    stackPointer: reg.access.stackPointer(registers),
  }
}

/** @returns whether there is one; if not, nothing has changed */
function restoreFpState(
  context: FrameContext,
  memory: FrameMemory,
  reserved: Region,
  frame: number,
): boolean {
  try {
    context.writeFpState(parseFrameFpState(memory, reserved, frame))
    return true
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    return false
  }
}

// get_sigframe. There is no red zone.
function placeFrame(frame: SignalFrame, oldStackPointer: number): number {
  const entering =
    (frame.flags & SA_ONSTACK) !== 0 && frame.stack.size > 0 && !frame.stack.isInUse(oldStackPointer)
  const top = entering ? frame.stack.sp + frame.stack.size : oldStackPointer
  return roundDown(top - FRAME_RECORD_BYTES, STACK_ALIGNMENT) - FRAME_BYTES
}

function setEsrRecord(view: DataView, offset: number, syndrome: number): void {
  view.setUint32(offset, ESR_MAGIC, true)
  view.setUint32(offset + 4, ESR_BYTES, true)
  setAddress(view, offset + 8, syndrome)
}

function infoOf(frame: SignalFrame): Uint8Array {
  return frame.flags & SA_EXPOSE_TAGBITS ? frame.info : withoutAddressTag(frame.info)
}

// setup_return.
function enterHandler(registers: BigUint64Array, frame: SignalFrame, address: number): void {
  registers[reg.X0] = BigInt(frame.signal)
  if (frame.flags & SA_SIGINFO) {
    registers[reg.X0 + 1] = BigInt(address + INFO)
    registers[reg.X0 + 2] = BigInt(address + UC)
  }
  registers[reg.X29] = BigInt(address + FRAME_BYTES)
  registers[reg.X30] = BigInt(frame.flags & SA_RESTORER ? frame.restorer : frame.trampoline)
  registers[reg.SP] = BigInt(address)
  registers[reg.PC] = BigInt(frame.handler)
  registers[reg.PSTATE] &= ~(PSTATE_BTYPE | PSTATE_TCO | PSTATE_SS)
}
