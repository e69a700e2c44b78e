// usageOf, processesOf: what a sandbox uses at the moment, and which processes it has.

import {printable} from '../../errors.ts'
import type {Kernel} from '../core/kernel.ts'
import {ProcessView} from '../task/process-view.ts'
import type {Sentry} from './sentry.ts'
import {MOST_SHOWN, type ProcessInfo, type SandboxUsage} from './usage.ts'

const NS_PER_MS = 1e6
const MS_PER_SECOND = 1000
const COMMAND_BYTES = 256

export function usageOf({kernel, disk}: Sentry): SandboxUsage {
  const {budget, cpuUse, pids, platform, runs} = kernel
  return {
    programs: runs.size,
    // Init runs nothing.
    processes: kernel.processes.size - 1,
    tasks: kernel.tasks.size - 1,
    maxTasks: pids.maxTasks,
    memoryBytes: platform.memory.inUseBytes,
    maxMemoryBytes: platform.memory.size,
    diskBytes: disk.usedBytes,
    ...(disk.bytes !== Number.POSITIVE_INFINITY && {maxDiskBytes: disk.bytes}),
    heldBytes: budget.used,
    maxHeldBytes: budget.limit,
    cpuMs: cpuUse.meter.usedNs(kernel.monotonicNs()) / NS_PER_MS,
    startedPrograms: runs.started,
    startedTasks: kernel.started,
    syscalls: runs.syscalls,
    faults: kernel.faults,
  }
}

export function processesOf(kernel: Kernel): ProcessInfo[] {
  const pids = [...kernel.processes.keys()].filter((pid) => pid !== kernel.init.pid)
  return pids
    .sort((a, b) => a - b)
    .slice(0, MOST_SHOWN)
    .map((pid) => infoOf(kernel, pid))
}

function infoOf(kernel: Kernel, pid: number): ProcessInfo {
  const process = kernel.processes.get(pid)!
  const view = new ProcessView(kernel, process, kernel.tasks.get(pid))
  return {
    pid,
    parentPid: view.parentPid,
    programPid: process.run.first?.pid ?? pid,
    name: toText(view.name),
    command: toText(commandOf(view.program.argv)),
    state: view.state,
    threads: process.tasks.length,
    uid: view.uids[1],
    memoryBytes: process.usage.memory.residentBytes,
    cpuMs: view.cpuSeconds.process * MS_PER_SECOND,
  }
}

/** Joins no more than is shown. */
function commandOf(argv: readonly string[]): string {
  let command = ''
  for (const argument of argv) {
    if (command.length >= COMMAND_BYTES) break
    command += `${command === '' ? '' : ' '}${argument.slice(0, COMMAND_BYTES)}`
  }
  return command.slice(0, COMMAND_BYTES)
}

/** May be shown on a terminal. */
function toText(bytes: string): string {
  return printable(Buffer.from(bytes, 'latin1').toString('utf8'))
}
