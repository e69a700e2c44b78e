// runToEnd: runs one program alone in a sentry, from its start to its end; afterwards the sentry is free for another.

import type {Process} from '../core/process.ts'
import {Run} from '../task/run.ts'
import type {ProgramResult} from './program-result.ts'
import type {ProgramOptions, Sentry} from './sentry.ts'
import {StartedProgram, type TimeOuts} from './started-program.ts'

export interface RunToEndOptions extends TimeOuts {
  /** Called when the program is loaded, before its first instruction. */
  onLoaded?: (process: Process) => void
  /** Does what `kernel.pause` was called for. */
  whilePaused?: () => Promise<void>
}

/** Blocks the thread, except for the pauses. @throws HvError as Sentry.load does, VCPU_FAILED */
export async function runToEnd(
  sentry: Sentry,
  program: ProgramOptions,
  options: RunToEndOptions,
): Promise<ProgramResult> {
  const {kernel} = sentry
  const started = new StartedProgram(sentry, program, options, new Run(kernel.cpuUse.meter))
  options.onLoaded?.(started.process)
  kernel.run(started.process)
  while (!started.hasEnded) {
    await options.whilePaused?.()
    kernel.run(started.process)
  }
  return started.finish()
}
