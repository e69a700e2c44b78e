// runBareMetal: a bare-metal guest by the options of a run, those that mean nothing to it refused.

import {HvError} from '../errors.ts'
import type {RunOptions, RunResult} from './options.ts'

/** The machine is loaded for those runs alone. @throws HvError */
export async function runBareMetal(options: RunOptions): Promise<RunResult> {
  requireBareOptions(options)
  const {runBare} = await import('../machine/run-bare.ts')
  return runBare(options)
}

/** @throws HvError BAD_ARGUMENT */
export function requireBareOptions(options: RunOptions): void {
  const {root, image, volumes, cwd, trace, pledge, unveil, suggestsPromises, platform} = options
  const {maxTasks, diskBytes, patchCalls, cpuTimeoutMs, cpuQuotaPercent} = options
  const unfit: [string, boolean][] = [
    ['`root`', root !== undefined],
    ['`image`', image !== undefined],
    ['`volumes`', volumes.length > 0],
    ['`cwd`', cwd !== undefined],
    ['`trace`', trace !== undefined],
    ['`maxTasks`', maxTasks !== undefined],
    ['`diskBytes`', diskBytes !== undefined],
    ['`patchCalls`', patchCalls !== undefined],
  ]
  const given = unfit.find(([, isGiven]) => isGiven)?.[0]
  if (given !== undefined)
    refuse(
      `${given} means nothing to a bare-metal guest: it has no files and no system calls`,
      `leave ${given} away`,
    )
  if (pledge !== undefined || unveil !== undefined || suggestsPromises)
    refuse('a bare-metal guest makes no system calls, and so no promises', 'leave `pledge` and `unveil` out')
  if (cpuTimeoutMs !== undefined || cpuQuotaPercent !== undefined)
    refuse(
      'the CPU time of a bare-metal guest is not counted',
      'leave `cpuTimeoutMs` and `cpuQuotaPercent` out',
    )
  if (options.cpus !== undefined) refuse('a bare-metal guest has one CPU', 'leave `cpus` out')
  if (options.jail === 'required' || (options.dropTo ?? options.cgroupParent) !== undefined)
    refuse(
      'the process of a bare-metal guest has no jail yet',
      'leave `jail`, `dropTo` and `cgroupParent` out',
    )
  if (platform === 'ptrace') refuse('a bare-metal guest needs a virtual machine', 'give kvm as `platform`')
}

function refuse(message: string, nextStep: string): never {
  throw new HvError('BAD_ARGUMENT', message, nextStep)
}
