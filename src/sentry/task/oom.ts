// Who dies when guest memory is full: the faulting process, unless another run's process holds more. oom_badness in Linux's mm/oom_kill.c.

import {SIGKILL} from '../../abi/signal.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Process} from '../core/process.ts'

/** /proc/PID/oom_score_adj of a process that is never killed. */
const NEVER = -1000
const SCALE = 1000

/** @returns whether it killed one that holds more than `process`, which then tries again: no run shall die of another's hunger */
export function killHungrier(kernel: Kernel, process: Process): boolean {
  let hungriest = process
  for (const other of kernel.processes.values()) {
    if (other.run !== process.run && badness(kernel, other) > badness(kernel, hungriest)) hungriest = other
  }
  if (hungriest === process) return false
  hungriest.end.ranOut = true
  kernel.endProcess(hungriest, undefined, SIGKILL)
  return true
}

function badness({init, platform}: Kernel, process: Process): number {
  const {exit, usage} = process
  const {oomScoreAdj} = process.attributes
  if (process === init || exit !== undefined || oomScoreAdj === NEVER) return 0
  return usage.memory.residentBytes + (platform.memory.size / SCALE) * oomScoreAdj
}
