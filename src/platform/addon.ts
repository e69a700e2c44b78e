// The part of the addon that every platform needs: native/napi/watcher.cc.

export interface PlatformAddon {
  /** Nanoseconds of one look in a loop that waits for a word of memory; the shim's looks take the same. */
  lookNs(): number
  /** Nanoseconds to copy a page of memory: the fastest of several. */
  pageNs(): number
  /** From a thread's wake-up until it runs on another processor: the fastest of several. undefined: this thread may use only one. */
  wakeUpNs(): number | undefined
  /** To hand a word of memory to a thread on another processor, and back: the fastest of several. undefined: as above. */
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
  /** From now on these signals to the process are caught; the eventfd returned is readable while there are any to take. */
  catchSignals(signals: readonly number[]): number
  /** The caught signals, each once per origin. */
  takeSignals(): CaughtSignal[]
  /**
   * Stops the process with a stop signal, until SIGCONT or `deadlineNs` (CLOCK_MONOTONIC); meanwhile the terminal has the modes that hv
   * found.
   * @returns false when the kernel did not stop it: no shell could have continued it
   */
  suspend(signal: number, deadlineNs: number): boolean
}

export interface CaughtSignal {
  readonly signal: number
  /** The kernel sent it for the terminal: a key, a new size, a hang-up. Otherwise a process did. */
  readonly isOfTerminal: boolean
}

export interface NativeWatcher {
  /** One word: nonzero when `poll` has something. */
  readonly attention: ArrayBuffer
  watch(fd: number, events: number): void
  setDeadline(deadlineNs: number): void
  /** Fills `out` with pairs of descriptor (-1: the deadline) and events. Does not sleep when the first word of `unless` is nonzero. */
  poll(out: Int32Array, wait: boolean, unless?: Int32Array): number
  dispose(): void
}

/** What every platform's contexts have. */
export interface NativeContext {
  /** Runs it on this thread until it traps; the record then holds the EVENT_*. */
  run(): void
  /** From now on the watcher interrupts this context. */
  becomeTarget(): void
  readRegisters(out: BigUint64Array): void
  writeRegisters(registers: BigUint64Array): void
  /** Changes the result in registers that were written since the last run. */
  writeResult(result: number): void
  readFpState(): Uint8Array
  writeFpState(state: Uint8Array): void
  dispose(): void
}
