// PtraceContext: one guest thread that a tracee runs, and what its stops report.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {SIGSEGV} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'
import {
  ACCESS_UNKNOWN,
  EVENT_PREEMPTED,
  EVENT_SYSCALL,
  type EventKind,
  type Fault,
  PROT_EXEC,
  PROT_WRITE,
} from '../platform.ts'
import type {LoopContext} from '../run-loop.ts'
import {
  ARGUMENTS,
  ARGUMENTS_END,
  addressOf,
  CAME_POLLED,
  CAME_POLLED_LATE,
  CODE,
  EXIT_REASON,
  FAULT_WORDS,
  FRAME_WORDS,
  isAtInstruction,
  NUMBER,
  RECORD_WORDS,
  SIGNAL,
  STATE,
  STOPPED,
  signedAddressOf,
  storeResult,
  takeCaller,
  trapOf,
} from '../trap-words.ts'
import type {NativeTracedContext} from './addon.ts'
import type {PtraceSpace} from './space.ts'

const SEGV_MAPERR = 1
const SEGV_ACCERR = 2

export class PtraceContext implements LoopContext<PtraceSpace> {
  owner: object | undefined
  readonly argumentWords: Int32Array
  /** Another context's, once this one is disposed of. */
  #native: NativeTracedContext | undefined
  readonly #frame: Int32Array
  readonly #record: Int32Array
  readonly #userTop: number
  readonly #registers = new BigUint64Array(arch.registerCount)
  /** The space that it runs in. */
  space: PtraceSpace | undefined
  /** Registers were written since it last ran. */
  #written = false
  /** It was started, and its stop was not taken yet. */
  isStarted = false
  /** It is to run, but its process has no thread for it. */
  lacksThread = false
  /** The last guess of `fault`, if no call came since. */
  readonly #guessed = new Int32Array(RECORD_WORDS)
  readonly #release: (context: PtraceContext) => void

  /** @param userTop user addresses end here */
  constructor(native: NativeTracedContext, userTop: number, release: (context: PtraceContext) => void) {
    this.#native = native
    this.#userTop = userTop
    this.#release = release
    this.#frame = new Int32Array(native.words, 0, FRAME_WORDS)
    this.#record = new Int32Array(native.words, native.recordOffset, RECORD_WORDS)
    this.argumentWords = this.#frame.subarray(ARGUMENTS, ARGUMENTS_END)
  }

  /** @throws Error when it is disposed of */
  get native(): NativeTracedContext {
    if (this.#native === undefined) throw new Error('the context is disposed')
    return this.#native
  }

  get callSite(): number {
    return takeCaller(this.#frame)
  }

  /** For the last trap: CAME_*; 0 for a stop that is not the gate's. */
  get came(): number {
    return this.#record[STOPPED] === EVENT_SYSCALL ? this.#frame[STATE] : 0
  }

  get isFindable(): boolean {
    return this.came !== 0
  }

  get wasPolled(): boolean {
    const {came} = this
    return came === CAME_POLLED || came === CAME_POLLED_LATE
  }

  get callNumber(): number {
    return this.#frame[NUMBER]
  }

  /**
   * The kernel reports the address, and whether anything is mapped there, but not the kind of access. Where something is mapped, a write
   * is assumed. Knowing costs one more stop: `exactFault`. A fault that repeats costs it, too, as the guess did not resolve it.
   */
  get fault(): Fault {
    const record = this.#record
    const code = record[CODE]
    if (!isPageFault(record) || isSameFault(record, this.#guessed)) return this.exactFault()
    this.#guessed.set(record)
    const wanted = code === SEGV_MAPERR ? ACCESS_UNKNOWN : PROT_WRITE
    return {
      signal: SIGSEGV,
      code,
      address: signedAddressOf(record),
      isPageFault: true,
      access: isAtInstruction(record) ? PROT_EXEC : wanted,
      trapNumber: 0,
      errorCode: 0,
    }
  }

  exactFault(): Fault {
    this.native.explain()
    const record = this.#record
    const fault = arch.faultOf(trapOf(record), this.#userTop, this)
    if (fault.isPageFault && isPageFault(record)) return fault
    return {
      ...fault,
      signal: record[SIGNAL],
      code: record[CODE],
      address: signedAddressOf(record),
      exactAddress: addressOf(record),
      isPageFault: false,
    }
  }

  /** The signal that ended the process; 0: none. */
  get deathSignal(): number {
    return this.#record[EXIT_REASON]
  }

  cacheResults(results: Uint32Array): void {
    this.native.cacheResults(results)
  }

  setResult(result: number): void {
    // Written registers replace the guest's when it runs: the frame's result does not reach them.
    if (this.#written) this.native.writeResult(result)
    storeResult(this.#frame, result)
  }

  readRegisters(): BigUint64Array {
    this.native.readRegisters(this.#registers)
    return this.#registers
  }

  writeRegisters(registers: BigUint64Array): void {
    this.native.writeRegisters(registers)
    this.#written = true
  }

  readFpState(): Uint8Array {
    return this.native.readFpState()
  }

  takeFpState(state: Uint8Array): void {
    this.writeFpState(state)
  }

  writeFpState(state: Uint8Array): void {
    try {
      this.native.writeFpState(state)
    } catch {
      throw new Errno(EINVAL)
    }
  }

  dispose(): void {
    if (this.#native === undefined) return
    this.#release(this)
    this.#native = undefined
  }

  enter(space: PtraceSpace): boolean {
    if (space === this.space) return false
    this.native.setSpace(space.traced)
    this.space = space
    return false
  }

  /** @returns 0 when it runs; otherwise why it does not */
  start(): EventKind {
    this.#leave()
    this.native.start()
    const event = this.#record[STOPPED]
    this.isStarted = event === 0
    return event
  }

  /** It was started, and has stopped. */
  get hasStopped(): boolean {
    return this.isStarted && this.#record[STOPPED] !== 0
  }

  /** Takes the stop of one that was started; 0: it still runs. */
  take(): EventKind {
    const event = this.#record[STOPPED]
    this.isStarted = event === 0
    return event
  }

  /** Runs it on, on this thread, until it traps. */
  run(): EventKind {
    if (this.isStarted) {
      const event = this.take()
      if (event !== 0) return event
    } else {
      this.#leave()
    }
    this.native.run()
    this.isStarted = false
    return this.#record[STOPPED]
  }

  /** Stops it between two instructions, or in a trap, which is returned. */
  preempt(): EventKind {
    if (!this.isStarted) return EVENT_PREEMPTED
    const event = this.take()
    if (event !== 0) return event
    this.native.preempt()
    return this.take()
  }

  /** Stops it if it runs; the reason is still to be taken. */
  pause(): void {
    // Otherwise a stop that has already come would be lost.
    if (this.isStarted && this.#record[STOPPED] === 0) this.native.preempt()
  }

  /** Forgets its last trap. */
  #leave(): void {
    this.#written = false
    // After a call, the same fault counts as a new one.
    if (this.#record[STOPPED] === EVENT_SYSCALL) this.#guessed[CODE] = 0
  }
}

function isPageFault(record: Int32Array): boolean {
  const code = record[CODE]
  return record[SIGNAL] === SIGSEGV && (code === SEGV_MAPERR || code === SEGV_ACCERR)
}

function isSameFault(a: Int32Array, b: Int32Array): boolean {
  return FAULT_WORDS.every((word) => a[word] === b[word])
}
