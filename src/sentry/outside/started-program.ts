// StartedProgram: a program in a sentry, from its load to its end; others may run beside it.

import {SIGKILL} from '../../abi/signal.ts'
import type {CallTable} from '../core/call-table.ts'
import type {Process} from '../core/process.ts'
import type {Counters} from '../task/counters.ts'
import type {CpuDeadline} from '../task/cpu/cpu-deadlines.ts'
import {wasOutOfMemory} from '../task/process-end.ts'
import type {Run} from '../task/run.ts'
import type {Timer, TimerTarget} from '../time/timers.ts'
import type {ProgramResult, RunStats, TimeLimit} from './program-result.ts'
import type {ProgramOptions, Sentry} from './sentry.ts'

const NS_PER_MS = 1e6

/** Milliseconds until a program is killed; undefined: never. */
export interface TimeOuts {
  /** Wall-clock time, loading included. */
  timeoutMs?: number
  /** CPU time of the program with all its processes. */
  cpuTimeoutMs?: number
}

export class StartedProgram {
  readonly process: Process
  readonly #sentry: Sentry
  readonly #run: Run
  readonly #startedNs: number
  readonly #loadedNs: number
  /** What was counted before, for all programs. */
  readonly #before: {readonly exits: number; readonly polled: number; readonly heldNs: number}
  readonly #timer: Timer | undefined
  readonly #cpuDeadline: CpuDeadline | undefined
  #timedOutBy: TimeLimit | undefined

  /** @throws HvError as Sentry.load does */
  constructor(sentry: Sentry, program: ProgramOptions, timeOuts: TimeOuts, run: Run) {
    const {kernel} = sentry
    const {exits, polled} = kernel.platform.stats
    this.#sentry = sentry
    this.#run = run
    this.#before = {exits, polled, heldNs: kernel.cpuUse.quota?.heldNs ?? 0}
    this.#startedNs = kernel.monotonicNs()
    this.process = sentry.load(program, run)
    this.#loadedNs = kernel.monotonicNs()
    const {timeoutMs, cpuTimeoutMs} = timeOuts
    if (timeoutMs !== undefined)
      this.#timer = kernel.timers.add(this.#startedNs + timeoutMs * NS_PER_MS, new TimeOut(this, 'time'))
    if (cpuTimeoutMs !== undefined)
      this.#cpuDeadline = kernel.cpuUse.deadlines.add(
        run.cpu,
        cpuTimeoutMs * NS_PER_MS,
        new TimeOut(this, 'cpu-time'),
      )
  }

  get hasEnded(): boolean {
    return this.process.exit !== undefined
  }

  /**
   * Runs the kernel until then. Blocks the thread, but for the pauses: what `kernel.pause` was called for.
   * @param outlives its children are to go on after its end
   * @throws HvError VCPU_FAILED
   */
  async toEnd(
    whilePaused?: () => Promise<void>,
    outlives: () => boolean = () => false,
  ): Promise<ProgramResult> {
    const {kernel} = this.#sentry
    const goesOn = (): boolean => !this.hasEnded || (this.#timedOutBy === undefined && outlives())
    kernel.run(this.process)
    while (goesOn()) {
      await whilePaused?.()
      if (goesOn()) kernel.run(this.hasEnded ? undefined : this.process)
    }
    return this.finish()
  }

  /** Ends what it has left running. Precondition: it has ended. */
  finish(): ProgramResult {
    const {process} = this
    const {kernel} = this.#sentry
    const {exits, polled} = kernel.platform.stats
    const {quota, deadlines} = kernel.cpuUse
    const endedNs = kernel.monotonicNs()
    kernel.timers.cancel(this.#timer)
    deadlines.cancel(this.#cpuDeadline)
    this.#sentry.end(this.#run)
    const {counters, cpu, peakBytes} = this.#run
    const timedOutBy = this.#timedOutBy
    const timedOut = timedOutBy !== undefined
    const stats: RunStats = {
      syscalls: counters.syscalls,
      unknownSyscalls: counters.unknownCalls,
      exits: exits - this.#before.exits,
      polled: polled - this.#before.polled,
      patchedSites: counters.patchedSites,
      faults: counters.faults,
      ...(quota && {heldNs: quota.heldNs - this.#before.heldNs}),
      processes: counters.processes,
      tasks: counters.tasks,
      ...counters.traffic,
      cpuNs: cpu.usedNs(endedNs),
      cpus: kernel.platform.cpus,
      peakBytes,
      residentBytes: process.usage.memory.residentBytes,
      loadNs: this.#loadedNs - this.#startedNs,
      runNs: endedNs - this.#loadedNs,
    }
    return {
      exitCode: timedOut ? null : (process.exit?.code ?? null),
      signal: timedOut ? null : (process.exit?.signal ?? null),
      timedOut,
      timedOutBy,
      broken: process.end.broken,
      outOfMemory: wasOutOfMemory(process) && !timedOut,
      outgrown: process.end.outgrown,
      refused: refusedCalls(counters, process.syscalls),
      ...(counters.neededRules.size > 0 && {neededRules: [...counters.neededRules]}),
      stats,
    }
  }

  timeOut(limit: TimeLimit): void {
    this.#timedOutBy ??= limit
    // A signal would wait for the turn of its task, which may be far among many.
    this.#sentry.kernel.endProcess(this.process, undefined, SIGKILL)
    this.#sentry.kernel.pause()
  }
}

class TimeOut implements TimerTarget {
  readonly #program: StartedProgram
  readonly #limit: TimeLimit

  constructor(program: StartedProgram, limit: TimeLimit) {
    this.#program = program
    this.#limit = limit
  }

  expire(): void {
    this.#program.timeOut(this.#limit)
  }
}

function refusedCalls({refused}: Counters, syscalls: CallTable): Record<string, number> {
  return Object.fromEntries(
    [...refused].map(([number, count]) => [syscalls.row(number)?.name ?? String(number), count]),
  )
}
