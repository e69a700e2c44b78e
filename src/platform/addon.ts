// The addon's part that every platform needs: native/napi/watcher.cc.

export interface PlatformAddon {
  /** Of one look of a loop that waits for a word of memory, the shim's too. */
  lookNs(): number
  /** Nanoseconds to copy a page of memory: the fastest of some. */
  pageNs(): number
  /** From a thread's wake-up until it runs on another processor: the fastest of some. undefined: this thread may have one only. */
  wakeUpNs(): number | undefined
  /** A word of memory that is handed to a thread on another processor, and back: the fastest of some. undefined: as above. */
  handOverNs(): number | undefined
  Watcher: new () => NativeWatcher
  /** The host's AT_HWCAP and AT_HWCAP2. */
  hwcap: bigint
  hwcap2: bigint
  /** An eventfd, to be closed by `closeBell`. */
  createBell(): number
  ringBell(fd: number): void
  silenceBell(fd: number): void
  closeBell(fd: number): void
  /** From now on these signals of the process are kept; the eventfd returned is readable while there are some. */
  catchSignals(signals: readonly number[]): number
  /** The kept ones, each once from each origin. */
  takeSignals(): CaughtSignal[]
  /**
   * Stops the process by a stop signal, until SIGCONT or `deadlineNs` (CLOCK_MONOTONIC), with the terminal's modes as hv found
   * them meanwhile.
   * @returns false when the kernel did not: no shell could have continued it
   */
  suspend(signal: number, deadlineNs: number): boolean
}

export interface CaughtSignal {
  readonly signal: number
  /** The kernel sent it for the terminal: a key, its size, a hang-up. Else some process did. */
  readonly isOfTerminal: boolean
}

export interface NativeWatcher {
  /** One word: nonzero when `poll` has something. */
  readonly attention: ArrayBuffer
  watch(fd: number, events: number): void
  setDeadline(deadlineNs: number): void
  /** Fills `out` with pairs of descriptor (-1: the deadline) and events. `unless`: does not sleep when its first word is nonzero. */
  poll(out: Int32Array, wait: boolean, unless?: Int32Array): number
  dispose(): void
}

/** What contexts of every platform have. */
export interface NativeContext {
  /** Runs it on this thread until it traps; the record then has the EVENT_*. */
  run(): void
  /** From now on the watcher interrupts this one. */
  becomeTarget(): void
  readRegisters(out: BigUint64Array): void
  writeRegisters(registers: BigUint64Array): void
  /** Changes the result in registers that were written and not yet run. */
  writeResult(result: number): void
  readFpState(): Uint8Array
  writeFpState(state: Uint8Array): void
  dispose(): void
}
