// runPledge: holds one run's program to its promises, or finds out which it needs.

import type {Task} from '../sentry/core/task.ts'
import {restriction} from '../sentry/pledge/restrict.ts'
import type {RunOptions} from './options.ts'

export interface RunPledge {
  /** For Sentry.load. */
  restrict?: (task: Task) => void
  /** Called when the program has ended: RunResult.promises. */
  suggestion(): string | undefined
}

/** The recorder is loaded only for runs that want it. @throws HvError BAD_ARGUMENT */
export async function runPledge(options: RunOptions): Promise<RunPledge> {
  const restrict = isRestricted(options) ? restriction(options) : undefined
  if (!options.suggestsPromises) return {restrict, suggestion: () => undefined}

  const {PromiseRecorder} = await import('../sentry/pledge/recorder.ts')
  let recorder: InstanceType<typeof PromiseRecorder> | undefined
  return {
    restrict(task) {
      recorder = new PromiseRecorder(task)
      restrict?.(task)
    },
    suggestion: () => recorder?.suggestion(),
  }
}

function isRestricted({pledge, unveil}: RunOptions): boolean {
  return pledge !== undefined || unveil !== undefined
}
