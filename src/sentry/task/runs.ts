// Runs: what was started from outside and has not ended: how each begins and ends beside the others, and to which one costs go.

import {SIGKILL} from '../../abi/signal.ts'
import type {Kernel} from '../kernel.ts'
import type {Process} from '../process.ts'
import {endProcess} from './exit.ts'
import type {Run} from './run.ts'

export class Runs {
  readonly #kernel: Kernel
  readonly #live = new Set<Run>()
  #loading: Run | undefined

  constructor(kernel: Kernel) {
    this.#kernel = kernel
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
      return run.first
    } finally {
      this.#loading = undefined
    }
  }

  /** Ends what still runs of it. */
  end(run: Run): void {
    this.#notePeaks()
    for (const process of [...this.#kernel.processes.values()]) {
      if (process.run === run) endProcess(this.#kernel, process, {code: undefined, signal: SIGKILL})
    }
    this.#live.delete(run)
  }

  /** The memory file keeps a single peak, which each new run resets: live runs note theirs before. */
  #notePeaks(): void {
    const {peakBytes} = this.#kernel.platform.memory
    for (const run of this.#live) run.peakBytes = Math.max(run.peakBytes, peakBytes)
  }
}
