// struct rt_sigframe of x86_64: what a handler finds on its stack, and what rt_sigreturn(2) takes back.
// Layout: Linux arch/x86/include/asm/sigframe.h, uapi/asm/sigcontext.h, uapi/asm-generic/siginfo.h.

import {EFAULT, Errno} from '../../abi/errno.ts'
import {SA_ONSTACK, SA_RESTORER} from '../../abi/signal.ts'
import {SignalSet} from '../../abi/signal-set.ts'
import {viewOf} from '../../abi/view.ts'
import type {FrameContext, FrameMemory, SignalFrame, SignalReturn} from '../architecture.ts'
import {getAddress, getStack, roundDown, setAddress, setStack} from '../frame-words.ts'
import {
  FP_FRAME_ALIGNMENT,
  FP_MAGIC2_BYTES,
  initialFpState,
  parseFrameFpState,
  toFrameFpState,
} from './fp-frame.ts'
import * as reg from './registers.ts'

const FRAME_BYTES = 440
const PRETCODE = 0
const UC = 8
const UC_STACK = UC + 16
const MCONTEXT = UC + 40
const UC_MASK = UC + 296
const INFO = 312

/** Registers of sigcontext in order, from r8 at MCONTEXT on: 8 bytes each. */
const SIGCONTEXT_REGISTERS = [
  ...[reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R14, reg.R15],
  ...[reg.RDI, reg.RSI, reg.RBP, reg.RBX, reg.RDX, reg.RAX, reg.RCX, reg.RSP, reg.RIP, reg.EFLAGS],
]
const SC_EFLAGS = MCONTEXT + 136
const SC_CS = MCONTEXT + 144
const SC_SS = MCONTEXT + 150
const SC_ERR = MCONTEXT + 152
const SC_TRAPNO = MCONTEXT + 160
const SC_OLDMASK = MCONTEXT + 168
const SC_CR2 = MCONTEXT + 176
const SC_FPSTATE = MCONTEXT + 184

const UC_FP_XSTATE = 1
const UC_SIGCONTEXT_SS = 2
const UC_STRICT_RESTORE_SS = 4

const EFLAGS_TF = 1n << 8n
const EFLAGS_DF = 1n << 10n
const EFLAGS_RF = 1n << 16n
/** The flags that a frame may choose, CF PF AF ZF SF TF DF OF RF AC: FIX_EFLAGS of arch/x86/include/asm/sighandling.h. */
const EFLAGS_CHANGEABLE = 0x50dd5n

/** System V ABI: a leaf function may use this much below the stack pointer. */
const RED_ZONE = 128

/** The frame, its alignment, the FP state and its alignment: get_sigframe_size of arch/x86/kernel/signal.c. */
export function signalFrameBytes(fpBytes: number): number {
  const bytes = FRAME_BYTES + 16 + fpBytes + FP_MAGIC2_BYTES + FP_FRAME_ALIGNMENT
  return Math.ceil(bytes / 16) * 16
}

export function pushSignalFrame(
  context: FrameContext,
  memory: FrameMemory,
  registers: BigUint64Array,
  frame: SignalFrame,
): void {
  if ((frame.flags & SA_RESTORER) === 0) throw new Errno(EFAULT)
  const oldStackPointer = reg.access.stackPointer(registers)
  const fpState = context.readFpState()
  const framedFpState = toFrameFpState(fpState)
  const {frameAddress, fpAddress} = placeFrame(frame, oldStackPointer, framedFpState.length)

  const bytes = new Uint8Array(FRAME_BYTES)
  const view = new DataView(bytes.buffer)
  setAddress(view, PRETCODE, frame.restorer)
  setAddress(view, UC, UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS)
  setStack(view, UC_STACK, frame.stack.describe(oldStackPointer))
  SIGCONTEXT_REGISTERS.forEach((register, index) => {
    view.setBigUint64(MCONTEXT + 8 * index, registers[register], true)
  })
  view.setUint16(SC_CS, Number(registers[reg.CS] & 0xffffn), true)
  view.setUint16(SC_SS, Number(registers[reg.SS] & 0xffffn), true)
  setAddress(view, SC_ERR, frame.fault.errorCode)
  setAddress(view, SC_TRAPNO, frame.fault.trapNumber)
  bytes.set(frame.mask.toBytes(), SC_OLDMASK)
  setAddress(view, SC_CR2, frame.fault.address)
  setAddress(view, SC_FPSTATE, fpAddress)
  bytes.set(frame.mask.toBytes(), UC_MASK)
  bytes.set(frame.info, INFO)

  memory.writeBytes(fpAddress, framedFpState)
  memory.writeBytes(frameAddress, bytes)
  enterHandler(registers, frame, frameAddress)
  context.writeFpState(initialFpState(fpState))
}

export function popSignalFrame(context: FrameContext, memory: FrameMemory): SignalReturn {
  const registers = context.readRegisters()
  // The handler's `ret` has taken pretcode off the stack.
  const bytes = memory.readBytes(reg.access.stackPointer(registers) - 8, FRAME_BYTES)
  const view = viewOf(bytes)

  const oldFlags = registers[reg.EFLAGS]
  SIGCONTEXT_REGISTERS.forEach((register, index) => {
    registers[register] = view.getBigUint64(MCONTEXT + 8 * index, true)
  })
  const wantedFlags = view.getBigUint64(SC_EFLAGS, true)
  registers[reg.EFLAGS] = (oldFlags & ~EFLAGS_CHANGEABLE) | (wantedFlags & EFLAGS_CHANGEABLE)
  // Whatever selectors a frame names, user mode has one code segment and one stack segment.
  registers[reg.CS] = reg.USER_CS
  registers[reg.SS] = reg.USER_DS
  // It is no longer a system call: nothing restarts it.
  registers[reg.ORIG_RAX] = 0xffff_ffff_ffff_ffffn

  const isBroken = !restoreFpState(context, memory, getAddress(view, SC_FPSTATE))
  context.writeRegisters(registers)
  return {
    mask: SignalSet.fromBytes(bytes, UC_MASK),
    stack: getStack(view, UC_STACK),
    isBroken,
    stackPointer: reg.access.stackPointer(registers),
  }
}

/** fpu__restore_sig: invalid FP state leaves the initial one. @returns whether it was valid */
function restoreFpState(context: FrameContext, memory: FrameMemory, address: number): boolean {
  const current = context.readFpState()
  try {
    if (address !== 0) context.writeFpState(parseFrameFpState(memory, address, current))
    else context.writeFpState(initialFpState(current))
    return true
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    context.writeFpState(initialFpState(current))
    return false
  }
}

// get_sigframe of arch/x86/kernel/signal.c.
function placeFrame(frame: SignalFrame, oldStackPointer: number, fpBytes: number) {
  let top = oldStackPointer - RED_ZONE
  const nested = frame.stack.isInUse(top)
  const entering = (frame.flags & SA_ONSTACK) !== 0 && frame.stack.size > 0 && !nested
  if (entering) top = frame.stack.sp + frame.stack.size

  const fpAddress = roundDown(top - fpBytes, FP_FRAME_ALIGNMENT)
  // As if a call had pushed the return address: (rsp + 8) is a multiple of 16.
  const frameAddress = roundDown(fpAddress - FRAME_BYTES, 16) - 8
  // A frame that leaves the alternate stack would overwrite what lies below it.
  if ((nested || entering) && !frame.stack.contains(frameAddress)) throw new Errno(EFAULT)
  return {frameAddress, fpAddress}
}

function enterHandler(registers: BigUint64Array, frame: SignalFrame, address: number): void {
  registers[reg.RDI] = BigInt(frame.signal)
  registers[reg.RSI] = BigInt(address + INFO)
  registers[reg.RDX] = BigInt(address + UC)
  // No vector registers, for handlers called without a prototype.
  registers[reg.RAX] = 0n
  registers[reg.RIP] = BigInt(frame.handler)
  registers[reg.RSP] = BigInt(address)
  registers[reg.CS] = reg.USER_CS
  registers[reg.SS] = reg.USER_DS
  registers[reg.EFLAGS] &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF)
}
