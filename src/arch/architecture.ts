// Architecture: what the sentry asks of src/arch/x86_64 and src/arch/arm64: the same exports in both.

import type {EpollEventLayout} from '../abi/poll.ts'
import type {SignalSet} from '../abi/signal-set.ts'
import type {StatLayout} from '../abi/stat.ts'
import type {DebugSupport} from './debug.ts'
import type {Fault} from './fault.ts'
import type {RegisterAccess} from './register-access.ts'

export interface Architecture extends RegisterAccess {
  /** The column of the system call table. */
  readonly name: 'x86_64' | 'arm64'
  /** Code that makes the call `callLoopNumber` for ever: the proof of `hv check`. */
  readonly callLoop: Uint8Array
  readonly callLoopNumber: number
  /**
   * Code that makes one call after another from a list `callListDistance` bytes after its start: each entry is a number and six
   * arguments, 64 bits each. The result replaces the number.
   */
  readonly callList: Uint8Array
  readonly callListDistance: number
  /**
   * A program's AT_HWCAP and AT_HWCAP2, from the host's.
   * @param hasGate Platform.openCallGate gave a gate
   */
  hardwareCapabilities(
    hwcap: bigint,
    hwcap2: bigint,
    hasGate: boolean,
  ): readonly [hwcap: bigint, hwcap2: bigint]
  /** A processor's paragraph of the guest's /proc/cpuinfo, from one of the host's: CPU `cpu` of `cpus`. */
  cpuinfo(hostText: string, cpu: number, cpus: number): string
  readonly kernelAbi: KernelAbi
  /** The vDSO's function that makes rt_sigreturn(2); absent: SA_RESTORER is required. */
  readonly signalTrampolineSymbol?: string
  /** The registers that a new program starts with. */
  initialRegisters(start: number, stackPointer: number): BigUint64Array
  readonly vsyscall: VsyscallPage | undefined
  /** uname(2)'s machine, and AT_PLATFORM. */
  readonly machine: string
  /** The same for PER_LINUX32. */
  readonly machine32: string
  /** The length of Context.readRegisters(). */
  readonly registerCount: number
  /**
   * A trap as Linux would report it.
   * @param userTop user addresses end here
   * @param context read where the record does not say everything
   */
  faultOf(trap: TrapRecord, userTop: number, context: FrameContext): Fault
  /**
   * Goes back to the call instruction, so that the interrupted call is made again.
   * @param firstArgument all 64 bits: on arm64 the result has replaced it in its register
   */
  restartCall(registers: BigUint64Array, callNumber: number, firstArgument: bigint): void
  /**
   * The registers as they were when the call was made, behind its instruction: syscall_rollback in Linux.
   * @param firstArgument as for restartCall
   */
  undoCall(registers: BigUint64Array, callNumber: number, firstArgument: bigint): void
  /**
   * Builds a signal frame in guest memory and sets `registers` (the context's, as the frame saves them) so that the
   * handler runs next; the caller writes them. The floating-point state becomes the one that a handler starts with.
   * @throws Errno EFAULT when the frame does not fit; then only guest memory may have changed
   */
  pushSignalFrame(
    context: FrameContext,
    memory: FrameMemory,
    registers: BigUint64Array,
    frame: SignalFrame,
  ): void
  /**
   * rt_sigreturn(2): restores a frame's state, as far as user mode may choose it: registers and FP state are
   * written to the context.
   * @throws Errno when the frame cannot be read: then nothing has changed, and the caller raises SIGSEGV
   */
  popSignalFrame(context: FrameContext, memory: FrameMemory): SignalReturn
  /**
   * The SIGSEGV for a frame that rt_sigreturn(2) refuses, where it reports the stack pointer, as a fault there would: the caller chooses
   * `code`. Absent: it comes from the kernel (SI_KERNEL).
   */
  badFrameFault?(registers: BigUint64Array): Fault
  /**
   * AT_MINSIGSTKSZ: the most stack that a handler's frame takes.
   * @param fpBytes length of Context.readFpState()
   */
  signalFrameBytes(fpBytes: number): number
  readonly callSites: CallSites
  readonly debug: DebugSupport
}

/** Call instructions that a jump of the same length can replace, or a neighbour of which it can: no thread is ever inside one of them. */
export interface CallSites {
  /** How far away a trampoline may be. */
  readonly reach: number
  readonly trampolineBytes: number
  /** The gate is found by its address, not by a per-thread register: only one thread at a time may go through it. */
  readonly needsOneThread: boolean
  /**
   * @param page of code
   * @param end the offset in it where the call ends
   * @param number of the call that was just made there, as the program claims
   * @param argumentWords as Context has them
   * @returns undefined when nothing there can be replaced
   */
  find(page: Uint8Array, end: number, number: number, argumentWords: Int32Array): CallSite | undefined
  /**
   * @param page a copy of what `find` looked at
   * @param trampoline its address, relative to the page's
   */
  patch(page: Uint8Array, site: CallSite, trampoline: number): void
  /**
   * Does what the displaced instruction did, and makes the call through the platform's gate.
   * @param gate as Platform.openCallGate gave it; the gate for calls with cached results follows it
   */
  trampoline(site: CallSite, place: Trampoline, gate: number): Uint8Array
  /** Changes the registers of a program in a trampoline, or on its way there, to those that it would have at its site. */
  leave(registers: BigUint64Array, place: Trampoline): void
}

/** Offsets in a page. */
export interface CallSite {
  /** Where the replaced bytes begin; a program that is taken out of the trampoline starts again here. */
  readonly start: number
  /** Where the call ends. */
  readonly end: number
  /** On the way to the trampoline: another jump, in bytes that are never executed. */
  readonly relay?: number
  readonly number: number
  /** A call without arguments whose result only the sentry changes. */
  readonly isCached: boolean
  /** What the trampoline does in place of the site. */
  readonly displaced: Uint8Array
}

/** Addresses. */
export interface Trampoline {
  readonly at: number
  /** As in CallSite. */
  readonly start: number
  readonly relay: number | undefined
  /** Where the call ends. */
  readonly behind: number
  readonly number: number
}

/** A page where a jump is a call, though nothing is mapped there. */
export interface VsyscallPage {
  /** Its line of /proc/PID/maps. */
  readonly mapsLine: string
  /** Whether the program counter is in it. */
  holds(registers: BigUint64Array): boolean
  /**
   * The call that the program counter stands for; undefined: none. If it is to be made, the registers become those that a handler sees
   * if it fails.
   */
  callAt(registers: BigUint64Array): VsyscallCall | undefined
  /** Goes back to the caller. */
  leave(registers: BigUint64Array, returnAddress: bigint, result: number): void
}

export interface VsyscallCall {
  readonly number: number
  /** As Context.argumentWords. */
  readonly words: Int32Array
  /** Raised instead of the call: an argument points where no program has memory. */
  readonly fault?: Fault
}

/** struct semid64_ds, whose first fields are the permission and, at 48, sem_otime: offsets in bytes. */
export interface SemidDsLayout {
  readonly size: number
  readonly ctime: number
  readonly nsems: number
}

/** Linux's numbers and layouts that differ between architectures. src/abi has all others. */
export interface KernelAbi {
  /** Converts open(2)'s flags from the kernel's bits to src/abi/open-flags.ts's, or back: its own inverse. */
  openFlags(flags: number): number
  readonly stat: StatLayout
  readonly epollEvent: EpollEventLayout
  /** Which of clone(2)'s arguments is the thread pointer; the other of the last two is the child's tid. */
  readonly cloneThreadPointer: number
  /** A thread pointer outside of user memory is EPERM. */
  readonly checksThreadPointer: boolean
  readonly semidDs: SemidDsLayout
  /** MAP_32BIT; 0 where there is none. */
  readonly mmapBelow2GiB: number
  /** MINSIGSTKSZ: a smaller alternate stack is ENOMEM. */
  readonly minSignalStack: number
  /** AUDIT_ARCH_*: how seccomp(2) names the architecture, as signed 32 bits. */
  readonly auditArch: number
}

/** What the platform's native half recorded about a trap. */
export interface TrapRecord {
  /** x86_64: the vector; arm64: the exception class, ESR_EL1.EC. */
  readonly vector: number
  /** x86_64: the error code; arm64: ESR_EL1's low half. */
  readonly errorCode: number
  /** CR2 or FAR_EL1: all 64 bits. */
  readonly address: bigint
  readonly programCounter: number
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
  /** In the vDSO: where a handler returns without SA_RESTORER, if the architecture allows that; otherwise 0. */
  readonly trampoline: number
  /** The mask to restore. */
  readonly mask: SignalSet
  readonly stack: FrameStack
  readonly fault: FaultRecord
}

/** What sigcontext reports of the last fault: later signals show it too. */
export interface FaultRecord {
  readonly trapNumber: number
  readonly errorCode: number
  /** x86_64: cr2 of the last page fault; arm64: fault_address. */
  readonly address: number | bigint
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
  /** Absent when it does not change. */
  readonly stack?: StackWords
  /** Registers and mask are the frame's, but the processor would refuse its FP state: the caller raises SIGSEGV. */
  readonly isBroken: boolean
  /** The stack pointer after the return. */
  readonly stackPointer: number
}
