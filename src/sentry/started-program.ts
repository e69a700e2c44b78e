// StartedProgram: a program in a sentry, from its load to how it ended; others may run beside it.

import {SIGKILL} from '../abi/signal.ts'
import {rowOf} from './call-table.ts'
import type {Counters} from './counters.ts'
import type {Process} from './process.ts'
import type {ProgramResult, RunStats} from './program-result.ts'
import type {ProgramOptions, Sentry} from './sentry.ts'
import {wasOutOfMemory} from './task/exit.ts'
import {Run} from './task/run.ts'
import type {Timer} from './timers.ts'

const NS_PER_MS = 1e6

export class StartedProgram {
  readonly process: Process
  readonly #sentry: Sentry
  readonly #run: Run
  readonly #startedNs: number
  readonly #loadedNs: number
  /** What the platform had counted before: of all programs. */
  readonly #exits: number
  readonly #listened: number
  readonly #timer: Timer | undefined
  #timedOut = false

  /**
   * @param timeoutMs milliseconds until it is killed, loading included; undefined: never
   * @throws HvError as Sentry.load does
   */
  constructor(sentry: Sentry, program: ProgramOptions, timeoutMs?: number, run = new Run()) {
    const {kernel} = sentry
    const {exits, listened} = kernel.platform.stats
    this.#sentry = sentry
    this.#run = run
    this.#exits = exits
    this.#listened = listened
    this.#startedNs = kernel.monotonicNs()
    this.process = sentry.load(program, run)
    this.#loadedNs = kernel.monotonicNs()
    if (timeoutMs !== undefined)
      this.#timer = kernel.timers.add(this.#startedNs + timeoutMs * NS_PER_MS, () => {
        this.#timedOut = true
        this.process.signals.raise(SIGKILL)
      })
  }

  get hasEnded(): boolean {
    return this.process.exit !== undefined
  }

  /** Ends what it has left running. Precondition: it has ended. */
  finish(): ProgramResult {
    const {process} = this
    const {kernel} = this.#sentry
    const {exits, listened} = kernel.platform.stats
    const endedNs = kernel.monotonicNs()
    kernel.timers.cancel(this.#timer)
    this.#sentry.end(this.#run)
    const {counters, cpuNs, peakBytes} = this.#run
    const timedOut = this.#timedOut
    const stats: RunStats = {
      syscalls: counters.syscalls,
      unknownSyscalls: counters.unknownCalls,
      exits: exits - this.#exits,
      listened: listened - this.#listened,
      patchedSites: counters.patchedSites,
      faults: counters.faults,
      processes: counters.processes,
      tasks: counters.tasks,
      cpuNs,
      cpus: kernel.platform.cpus,
      peakBytes,
      residentBytes: process.residentBytes,
      loadNs: this.#loadedNs - this.#startedNs,
      runNs: endedNs - this.#loadedNs,
    }
    return {
      exitCode: timedOut ? null : (process.exit?.code ?? null),
      signal: timedOut ? null : (process.exit?.signal ?? null),
      timedOut,
      broken: process.broken,
      outOfMemory: wasOutOfMemory(process) && !timedOut,
      outgrown: process.outgrown,
      refused: refusedCalls(counters),
      stats,
    }
  }
}

function refusedCalls({refused}: Counters): Record<string, number> {
  return Object.fromEntries(
    [...refused].map(([number, count]) => [rowOf(number)?.name ?? String(number), count]),
  )
}
