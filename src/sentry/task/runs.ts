// Runs: what was started from outside and has not ended: how each begins and ends beside the others, and to which one costs go.

import {SIGKILL} from '../../abi/signal.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'
import {endProcess} from './exit.ts'
import type {Run} from './run.ts'

export class Runs {
  readonly #kernel: Kernel
  readonly #live = new Set<Run>()
  #loading: Run | undefined
  /** Since the kernel was made. */
  started = 0
  #endedSyscalls = 0

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** Those that have not ended. */
  get size(): number {
    return this.#live.size
  }

  /** System calls of all runs, the ended ones included. */
  get syscalls(): number {
    let sum = this.#endedSyscalls
    for (const {counters} of this.#live) sum += counters.syscalls
    return sum
  }

  /** As if none had begun. Precondition: none is live. */
  startAnew(): void {
    this.started = 0
    this.#endedSyscalls = 0
  }

  /** The run whose call or fault is being answered, or was last, or whose program is being loaded; undefined: none. */
  get charged(): Run | undefined {
    return this.#loading ?? this.#kernel.current?.process.run
  }

  /** @param load makes the first process. If it throws, so does this, and the run has not begun */
  begin(run: Run, load: () => Process): Process {
    this.#notePeaks()
    this.#kernel.platform.memory.resetPeak()
    this.#loading = run
    // There is no /proc/self meanwhile.
    this.#kernel.current = undefined
    try {
      run.first = load()
      this.#live.add(run)
      this.started++
      return run.first
    } finally {
      this.#loading = undefined
    }
  }

  /** Ends what still runs of it. */
  end(run: Run): void {
    this.#notePeaks()
    const left = [...this.#kernel.processes.values()].filter((process) => process.run === run)
    for (const {space} of left) space.addresses.abandon()
    for (const process of left) endProcess(this.#kernel, process, {code: undefined, signal: SIGKILL})
    if (this.#live.delete(run)) this.#endedSyscalls += run.counters.syscalls
  }

  /** The memory file keeps a single peak, which each new run resets: live runs note theirs before. */
  #notePeaks(): void {
    const {peakBytes} = this.#kernel.platform.memory
    for (const run of this.#live) run.peakBytes = Math.max(run.peakBytes, peakBytes)
  }
}
