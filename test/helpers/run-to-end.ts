// runToEnd: runs one program alone in a sentry, from its start to its end; afterwards the sentry is free for another.

import type {ProgramResult} from '../../src/sentry/outside/program-result.ts'
import type {ProgramOptions, Sentry} from '../../src/sentry/outside/sentry.ts'
import {StartedProgram, type TimeOuts} from '../../src/sentry/outside/started-program.ts'
import {Run} from '../../src/sentry/task/run.ts'

export async function runToEnd(
  sentry: Sentry,
  program: ProgramOptions,
  timeOuts: TimeOuts,
): Promise<ProgramResult> {
  return new StartedProgram(sentry, program, timeOuts, new Run(sentry.kernel.cpuUse.meter)).toEnd()
}
