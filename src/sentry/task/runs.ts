// Runs: what was started from outside and has not ended: how each begins and ends beside the others, and whose doing something is.

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

  /** Whose call or fault is being answered, or was last, or whose program is being loaded; undefined: nobody's. */
  get charged(): Run | undefined {
    return this.#loading ?? this.#kernel.current?.process.run
  }

  /** @param load makes the first process. What it throws, this throws, and the run is none */
  begin(run: Run, load: () => Process): Process {
    this.#notePeaks()
    this.#kernel.platform.memory.resetPeak()
    this.#loading = run
    // /proc/self is nobody's.
    this.#kernel.current = undefined
    try {
      run.first = load()
      this.#live.add(run)
      return run.first
    } finally {
      this.#loading = undefined
    }
  }

  /** Nothing of it runs any more. */
  end(run: Run): void {
    this.#notePeaks()
    for (const process of [...this.#kernel.processes.values()]) {
      if (process.run === run) endProcess(this.#kernel, process, {code: undefined, signal: SIGKILL})
    }
    this.#live.delete(run)
  }

  /** The memory file knows the one peak since it was told to forget: those who run keep theirs. */
  #notePeaks(): void {
    const {peakBytes} = this.#kernel.platform.memory
    for (const run of this.#live) run.peakBytes = Math.max(run.peakBytes, peakBytes)
  }
}
