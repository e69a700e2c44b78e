// runToEnd: one program in a sentry, from its start to how it ended, within a time; afterwards the sentry is free for another.

import {SIGKILL} from '../abi/signal.ts'
import {rowOf} from './call-table.ts'
import type {Process} from './process.ts'
import type {ProgramResult, RunStats} from './program-result.ts'
import type {ProgramOptions, Sentry} from './sentry.ts'
import {wasOutOfMemory} from './task/exit.ts'

/** Guest memory unless said: backed lazily; but KVM takes some 6 us for each MiB of a slot, at every start. */
export const DEFAULT_MEMORY_BYTES = 2 ** 29
const NS_PER_MS = 1e6

export interface RunToEndOptions {
  /** Milliseconds until the guest is killed, loading included; default: never. */
  timeoutMs?: number
  /** Called when the program is loaded, before its first instruction. */
  onLoaded?: (process: Process) => void
  /** What `kernel.pause` was called for. */
  whilePaused?: () => Promise<void>
}

/** Blocks the thread, but for the pauses. @throws HvError as Sentry.load does, VCPU_FAILED */
export async function runToEnd(
  sentry: Sentry,
  program: ProgramOptions,
  options: RunToEndOptions,
): Promise<ProgramResult> {
  const {kernel} = sentry
  const before = counters(sentry)
  const cpuNsBefore = cpuNs(sentry)
  const refusedBefore = new Map(kernel.counters.refused)
  kernel.platform.memory.resetPeak()
  const startedNs = kernel.monotonicNs()
  const process = sentry.load(program)
  let timedOut = false
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : kernel.timers.add(startedNs + options.timeoutMs * NS_PER_MS, () => {
          timedOut = true
          process.signals.raise(SIGKILL)
        })
  options.onLoaded?.(process)
  const loadedNs = kernel.monotonicNs()
  kernel.run(process)
  while (process.exit === undefined) {
    await options.whilePaused?.()
    kernel.run(process)
  }
  const endedNs = kernel.monotonicNs()
  kernel.timers.cancel(timer)
  const stats: RunStats = {
    ...difference(counters(sentry), before),
    cpuNs: cpuNs(sentry) - cpuNsBefore,
    cpus: kernel.platform.cpus,
    peakBytes: kernel.platform.memory.peakBytes,
    residentBytes: process.residentBytes,
    loadNs: loadedNs - startedNs,
    runNs: endedNs - loadedNs,
  }
  sentry.end()
  return {
    exitCode: timedOut ? null : (process.exit?.code ?? null),
    signal: timedOut ? null : (process.exit?.signal ?? null),
    timedOut,
    broken: process.broken,
    outOfMemory: wasOutOfMemory(process) && !timedOut,
    outgrown: process.outgrown,
    refused: refusedSince(refusedBefore, sentry),
    stats,
  }
}

/** What only grows while the sentry lives. */
function counters({kernel: {counters, platform}}: Sentry): RunStats {
  return {
    syscalls: counters.syscalls,
    unknownSyscalls: counters.unknownCalls,
    exits: platform.stats.exits,
    listened: platform.stats.listened,
    patchedSites: counters.patchedSites,
    faults: counters.faults,
    processes: counters.processes,
    tasks: counters.tasks,
  }
}

/** Of all tasks there were. */
function cpuNs({kernel}: Sentry): number {
  return kernel.cpuUse.totalNs(kernel.tasks.values(), kernel.monotonicNs())
}

function refusedSince(before: ReadonlyMap<number, number>, {kernel}: Sentry): Record<string, number> {
  return Object.fromEntries(
    [...kernel.counters.refused]
      .map(
        ([number, count]) =>
          [rowOf(number)?.name ?? String(number), count - (before.get(number) ?? 0)] as const,
      )
      .filter(([, count]) => count > 0),
  )
}

function difference(after: RunStats, before: RunStats): RunStats {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]]))
}
