// Architecture: what the sentry asks of src/arch/x86_64 and src/arch/arm64: the same exports in both.

import type {SignalSet} from '../abi/signal-set.ts'
import type {Fault} from '../platform/platform.ts'

export interface Architecture {
  /** The column of the system call table. */
  readonly name: 'x86_64' | 'arm64'
  /** Code that makes the call `callLoopNumber` for ever: hv check's proof. */
  readonly callLoop: Uint8Array
  readonly callLoopNumber: number
  /** AT_PLATFORM. */
  readonly platformName: string
  /** What a new program starts with. */
  initialRegisters(start: number, stackPointer: number): BigUint64Array
  /** uname(2)'s machine. */
  readonly machine: string
  /** Of Context.readRegisters(). */
  readonly registerCount: number
  /**
   * A trap record as Linux would report it.
   * @param address the faulting data address; kernel-half addresses are negative
   * @param userTop user addresses end here
   * @param fpState reads Context.readFpState(): floating-point errors say there which one they are
   */
  faultOf(
    vector: number,
    errorCode: number,
    address: number,
    programCounter: number,
    userTop: number,
    fpState: () => Uint8Array,
  ): Fault
  stackPointer(registers: BigUint64Array): number
  programCounter(registers: BigUint64Array): number
  /** What a system call returned: signed. */
  callResult(registers: BigUint64Array): bigint
  /** Goes back to the call instruction, so that the interrupted call is made anew. */
  restartCall(registers: BigUint64Array, callNumber: number): void
  /**
   * Builds a signal frame in guest memory and sets `registers` (the context's, as the frame saves them) so that the
   * handler runs next; the caller writes them. The floating-point state becomes the initial one.
   * @throws Errno EFAULT when the frame does not fit; nothing but guest memory has changed then
   */
  pushSignalFrame(
    context: FrameContext,
    memory: FrameMemory,
    registers: BigUint64Array,
    frame: SignalFrame,
  ): void
  /**
   * rt_sigreturn(2): restores what a frame says, as far as user mode may choose it: registers and FP state are
   * written to the context.
   * @throws Errno when the frame is bad: the caller raises SIGSEGV
   */
  popSignalFrame(context: FrameContext, memory: FrameMemory): SignalReturn
  /**
   * AT_MINSIGSTKSZ: the stack that a handler's frame takes at most.
   * @param fpBytes length of Context.readFpState()
   */
  signalFrameBytes(fpBytes: number): number
}

/** The platform's Context, as far as frames need it. */
export interface FrameContext {
  readRegisters(): BigUint64Array
  writeRegisters(registers: BigUint64Array): void
  readFpState(): Uint8Array
  writeFpState(state: Uint8Array): void
}

/** UserMemory, as far as frames need it. @throws Errno EFAULT */
export interface FrameMemory {
  readBytes(address: number, length: number): Uint8Array
  writeBytes(address: number, bytes: Uint8Array): void
}

export interface SignalFrame {
  readonly signal: number
  /** siginfo_t, 128 bytes. */
  readonly info: Uint8Array
  readonly handler: number
  /** SA_* */
  readonly flags: number
  readonly restorer: number
  /** The mask to return to. */
  readonly mask: SignalSet
  readonly stack: FrameStack
  readonly fault: {readonly trapNumber: number; readonly errorCode: number; readonly address: number}
}

/** The alternate stack, as it was when the signal came. */
export interface FrameStack {
  readonly sp: number
  readonly size: number
  contains(stackPointer: number): boolean
  isInUse(stackPointer: number): boolean
  describe(stackPointer: number): StackWords
}

/** stack_t. */
export interface StackWords {
  readonly sp: number
  readonly flags: number
  readonly size: number
}

export interface SignalReturn {
  readonly mask: SignalSet
  readonly stack: StackWords
  /** After the return. */
  readonly stackPointer: number
}
