// KvmCpu: one vCPU, the trap frame it shares with the sentry, and how it is run: here, or on its own thread.

import type {NativeWatcher} from '../addon.ts'
import type {ShownRegion} from '../memory-file.ts'
import {EVENT_PREEMPTED, EVENT_SYSCALL, type EventKind} from '../platform.ts'
import {
  ANSWERED,
  FRAME_PAGE_WORDS,
  POLLING,
  RECORD_WORDS,
  REQUEST,
  STATE,
  STOPPED,
  storeCached,
  storeResult,
} from '../trap-words.ts'
import type {NativeCpu, NativeSpace} from './addon.ts'
import type {KvmContext} from './context.ts'

export class KvmCpu {
  readonly native: NativeCpu
  readonly record: Int32Array
  /** The context whose registers it has. */
  owner: KvmContext | undefined
  /** Its owner was resumed. */
  isBusy = false
  /** No context's registers were ever in it. */
  isNew = true
  /** When it was last taken: a higher number is later. */
  takenAt = 0
  readonly #supervisor: ShownRegion
  #frame: Int32Array
  readonly #stoppedWord: Int32Array
  #space: NativeSpace | undefined
  /** The cached results in the frame. */
  #cached: Uint32Array | undefined
  /** One of its frames has held cached results. */
  #hasCached = false
  #hasThread = false
  /** Its own thread runs it. */
  #threaded = false
  /** On its thread, in the shim or the program; false: stopped, and the sentry's thread may touch it. */
  #running = false
  /** Registers were written since it last ran. */
  #written = false

  constructor(native: NativeCpu, supervisor: ShownRegion) {
    this.native = native
    this.#supervisor = supervisor
    this.#frame = supervisor.words(native.frameOffset, FRAME_PAGE_WORDS)
    this.record = supervisor.words(native.recordOffset, RECORD_WORDS)
    this.#stoppedWord = this.record.subarray(STOPPED)
  }

  get frame(): Int32Array {
    return this.#frame
  }

  get threaded(): boolean {
    return this.#threaded
  }

  /** With a thread: it trapped by an exit, and its thread is at rest. */
  get exited(): boolean {
    return Atomics.load(this.record, STOPPED) !== 0
  }

  /** Needed once per frame and context: writes `results` unless the frame holds them already. */
  cacheResults(results: Uint32Array): void {
    if (results === this.#cached || (results.length === 0 && !this.#hasCached)) return
    this.#hasCached = true
    storeCached(this.#frame, results)
    this.#cached = results
  }

  setResult(result: number): void {
    // Written registers replace the guest's when it runs: the frame's result does not reach them.
    if (this.#written) this.native.writeResult(result)
    storeResult(this.#frame, result)
  }

  readRegisters(out: BigUint64Array): void {
    this.halt()
    this.native.readRegisters(out)
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

  /** @throws Error when the processor refuses the state */
  writeFpState(state: Uint8Array): void {
    this.halt()
    this.native.writeFpState(state)
  }

  enter(space: NativeSpace): void {
    if (space === this.#space) return
    this.halt()
    Atomics.store(this.#frame, POLLING, 0)
    this.native.setSpace(space)
    this.#space = space
    const {frameOffset} = this.native
    this.#cached = undefined
    if (frameOffset !== this.#frame.byteOffset)
      this.#frame = this.#supervisor.words(frameOffset, FRAME_PAGE_WORDS)
  }

  /** Runs it here until it traps. */
  run(): EventKind {
    this.#written = false
    // No other thread looks before the processor enters the guest.
    this.#frame[STATE] = ANSWERED
    this.native.run()
    return this.record[STOPPED]
  }

  /**
   * From the next `go` on, its own thread runs it. Precondition: stopped.
   * @param looks for its next command before the thread sleeps; only the first call's value counts
   */
  useThread(looks: number): void {
    if (!this.#hasThread) this.native.startRunner(looks)
    this.#hasThread = true
    this.#threaded = true
  }

  /** From the next resume on, `run` runs it again. Precondition: `exited`. */
  leaveThread(): void {
    Atomics.store(this.#frame, POLLING, 0)
    this.#threaded = false
    this.#running = false
  }

  /**
   * With a thread: lets it go on, through the frame if it waits in the shim, otherwise through its thread.
   * @param looks how often the shim looks for the answer to its next call before it exits; 0: the sentry will not look at the frame
   * @returns whether its thread has to enter the guest
   */
  go(looks: number): boolean {
    // Read before it is answered: from then on it may stop for its next call.
    const isToEnter = Atomics.load(this.record, STOPPED) !== 0
    if (looks !== 0) Atomics.store(this.#frame, POLLING, looks)
    Atomics.store(this.#frame, STATE, ANSWERED)
    // Before the answer, it would make the shim exit.
    if (looks === 0) Atomics.store(this.#frame, POLLING, 0)
    if (isToEnter) this.native.post()
    this.#running = true
    this.#written = false
    return isToEnter
  }

  /** With a thread: looks `spins` times for the next trap; 0 when there was none. */
  poll(spins: number, attention: Int32Array): EventKind {
    const frame = this.#frame
    const record = this.record
    while (spins-- > 0) {
      if (Atomics.load(frame, STATE) === REQUEST) return EVENT_SYSCALL
      if ((spins & 15) === 0 && (Atomics.load(record, STOPPED) !== 0 || Atomics.load(attention, 0) !== 0))
        break
    }
    return this.#stopEvent()
  }

  /** With a thread: `look` will find something. */
  get hasNews(): boolean {
    return Atomics.load(this.#frame, STATE) === REQUEST || Atomics.load(this.record, STOPPED) !== 0
  }

  /** With a thread: the trap that has come; 0: none. */
  look(): EventKind {
    return Atomics.load(this.#frame, STATE) === REQUEST ? EVENT_SYSCALL : this.#stopEvent()
  }

  /** With a thread: from now on it exits; returns what came meanwhile. */
  deafen(): EventKind {
    Atomics.store(this.#frame, POLLING, 0)
    return this.look()
  }

  /** Sleeps until it stops, which ends the polling, or the watcher has something. */
  sleep(watcher: NativeWatcher, out: Int32Array): number {
    return watcher.poll(out, true, this.#stoppedWord)
  }

  /** Stops it between two instructions or in a trap, which is returned. */
  preempt(): EventKind {
    if (!this.#threaded || !this.#running) return EVENT_PREEMPTED
    this.halt()
    const stopped = this.record[STOPPED]
    // It gave up waiting for an answer that has come since: it stands after the call.
    return stopped === EVENT_SYSCALL && Atomics.load(this.#frame, STATE) === ANSWERED
      ? EVENT_PREEMPTED
      : stopped
  }

  /** Stops the thread where it waits in the shim, so that registers can be touched. */
  halt(): void {
    if (!this.#threaded || !this.#running) return
    this.native.halt()
    this.#running = false
  }

  dispose(): void {
    this.native.dispose()
  }

  #stopEvent(): EventKind {
    const stopped = Atomics.load(this.record, STOPPED)
    if (stopped === 0) return 0
    // It gave up waiting for an answer that has come since.
    if (stopped === EVENT_SYSCALL && Atomics.load(this.#frame, STATE) === ANSWERED) {
      this.native.post()
      return 0
    }
    this.#running = false
    return stopped
  }
}
