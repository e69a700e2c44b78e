// KvmContext: one vCPU, the trap frame it shares with the sentry, and how it is run: here, or by a thread that we listen to.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {arch} from '../../arch/index.ts'
import type {NativeWatcher} from '../addon.ts'
import {EVENT_PREEMPTED, EVENT_SYSCALL, type EventKind, type Fault} from '../platform.ts'
import type {LoopContext} from '../run-loop.ts'
import {
  ANSWERED,
  ARGUMENTS,
  ARGUMENTS_END,
  copyCall,
  EXIT_REASON,
  FRAME_WORDS,
  HOST_ERROR,
  LISTENING,
  NUMBER,
  RECORD_WORDS,
  REQUEST,
  STATE,
  STOPPED,
  storeResult,
  trapOf,
} from '../trap-words.ts'
import type {NativeSpace, NativeVcpuContext} from './addon.ts'

export class KvmContext implements LoopContext<NativeSpace> {
  readonly argumentWords: Int32Array
  readonly native: NativeVcpuContext
  readonly #frame: Int32Array
  /** The frame's words up to the arguments, as they were at the trap. */
  readonly #call = new Int32Array(ARGUMENTS_END)
  readonly #record: Int32Array
  readonly #stoppedWord: Int32Array
  readonly #userTop: number
  readonly #registers = new BigUint64Array(arch.registerCount)
  #space: NativeSpace | undefined
  #hasThread = false
  /** Its own thread runs it, and the sentry listens. */
  #threaded = false
  /** In the shim or the program; false: stopped, and this thread may touch it. */
  #running = false
  /** Registers were written since it last ran. */
  #written = false
  readonly #release: (context: KvmContext) => void
  #disposed = false

  /**
   * @param userTop user addresses end here
   * @param release takes `native` back
   */
  constructor(
    native: NativeVcpuContext,
    supervisor: ArrayBuffer,
    userTop: number,
    release: (context: KvmContext) => void,
  ) {
    this.native = native
    this.#release = release
    this.#userTop = userTop
    this.#frame = new Int32Array(supervisor, native.frameOffset, FRAME_WORDS)
    this.#record = new Int32Array(supervisor, native.recordOffset, RECORD_WORDS)
    this.#stoppedWord = this.#record.subarray(STOPPED)
    this.argumentWords = this.#call.subarray(ARGUMENTS)
  }

  get callNumber(): number {
    return this.#call[NUMBER]
  }

  /**
   * Once a call, before anything is decided by it: on PVM hosts programs can write the frame, and go on writing while the
   * sentry that listens answers.
   */
  takeCall(): void {
    copyCall(this.#frame, this.#call)
  }

  get fault(): Fault {
    return arch.faultOf(trapOf(this.#record), this.#userTop, this)
  }

  exactFault(): Fault {
    return this.fault
  }

  /** After EVENT_DEAD: what KVM said. */
  get death(): string {
    const hostError = this.#record[HOST_ERROR]
    return hostError === 0
      ? `KVM exit reason ${this.#record[EXIT_REASON]}`
      : `KVM_RUN failed with errno ${hostError}`
  }

  get threaded(): boolean {
    return this.#threaded
  }

  setResult(result: number): void {
    // Registers that were written go in as they are: the frame's result does not reach them.
    if (this.#written) this.native.writeResult(result)
    storeResult(this.#frame, result)
  }

  readRegisters(): BigUint64Array {
    this.halt()
    this.native.readRegisters(this.#registers)
    return this.#registers
  }

  writeRegisters(registers: BigUint64Array): void {
    this.halt()
    this.native.writeRegisters(registers)
    this.#written = true
  }

  readFpState(): Uint8Array {
    this.halt()
    return this.native.readFpState()
  }

  writeFpState(state: Uint8Array): void {
    this.halt()
    try {
      this.native.writeFpState(state)
    } catch {
      throw new Errno(EINVAL)
    }
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    if (this.#hasThread) this.native.stopRunner()
    Atomics.store(this.#frame, LISTENING, 0)
    this.#release(this)
  }

  enter(space: NativeSpace): boolean {
    if (space === this.#space) return false
    this.halt()
    this.native.setSpace(space)
    this.#space = space
    return false
  }

  /** Runs it here until it traps. */
  run(): EventKind {
    this.#written = false
    // Nobody else looks before the processor enters the guest.
    this.#frame[STATE] = ANSWERED
    this.native.run()
    return this.#record[STOPPED]
  }

  /** From the next resume on its own thread runs it, and the sentry listens. Precondition: stopped. */
  listenNext(): void {
    if (!this.#hasThread) this.native.startRunner()
    this.#hasThread = true
    this.#threaded = true
  }

  /** With a thread: it trapped by an exit, and its thread is at rest. */
  get exited(): boolean {
    return Atomics.load(this.#record, STOPPED) !== 0
  }

  /** From the next resume on `run` runs it again. Precondition: `exited`. */
  leaveThread(): void {
    Atomics.store(this.#frame, LISTENING, 0)
    this.#threaded = false
    this.#running = false
  }

  /** With a thread: lets it go on, by the frame where it waits in the shim, else by its thread. */
  go(): void {
    Atomics.store(this.#frame, LISTENING, 1)
    Atomics.store(this.#frame, STATE, ANSWERED)
    if (this.#record[STOPPED] !== 0) this.native.post()
    this.#running = true
    this.#written = false
  }

  /** With a thread: looks `spins` times for the next trap; 0 when there was none. */
  listen(spins: number, attention: Int32Array): EventKind {
    const frame = this.#frame
    const record = this.#record
    while (spins-- > 0) {
      if (Atomics.load(frame, STATE) === REQUEST) return EVENT_SYSCALL
      if ((spins & 15) === 0 && (Atomics.load(record, STOPPED) !== 0 || Atomics.load(attention, 0) !== 0))
        break
    }
    return this.#stopEvent()
  }

  /** With a thread: from now on it exits; what came meanwhile is returned. */
  deafen(): EventKind {
    Atomics.store(this.#frame, LISTENING, 0)
    return Atomics.load(this.#frame, STATE) === REQUEST ? EVENT_SYSCALL : this.#stopEvent()
  }

  /** Sleeps until it stops, which ends the listening, or the watcher has something. */
  sleep(watcher: NativeWatcher, out: Int32Array): number {
    return watcher.poll(out, true, this.#stoppedWord)
  }

  /** Stops it between two instructions or in a trap, which is returned. */
  preempt(): EventKind {
    if (!this.#threaded || !this.#running) return EVENT_PREEMPTED
    this.halt()
    return this.#record[STOPPED]
  }

  /** Stops the thread where it waits in the shim, so that registers can be touched. */
  halt(): void {
    if (!this.#threaded || !this.#running) return
    this.native.halt()
    this.#running = false
  }

  #stopEvent(): EventKind {
    const stopped = Atomics.load(this.#record, STOPPED)
    if (stopped === 0) return 0
    // It gave up waiting for the answer that it has by now.
    if (stopped === EVENT_SYSCALL && Atomics.load(this.#frame, STATE) === ANSWERED) {
      this.native.post()
      return 0
    }
    this.#running = false
    return stopped
  }
}
