// ProcessEnd: how a process ended, and what wait(2) and /proc still show of a process whose tasks have ended.

import {SIGKILL} from '../../abi/signal.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import type {BrokenPledge} from '../pledge/broken-pledge.ts'

/** Exactly one of the two is a number. */
export interface Exit {
  readonly code: number | undefined
  readonly signal: number | undefined
}

/** What remains of a task. */
export type EndedTask = Pick<
  Task,
  'name' | 'credentials' | 'scheduling' | 'switches' | 'cpuNs' | 'systemTime'
>

export class ProcessEnd {
  /** Those of the task that ended last. */
  credentials: Task['credentials'] | undefined
  /** What /proc shows of its first task once that has ended: a zombie until all have. */
  firstTask: EndedTask | undefined
  /** It faulted for a page, and guest memory was full: it then dies of that. */
  ranOut = false
  /** Set if it ended for a broken promise. */
  broken: BrokenPledge | undefined
  /** Set if it ended for what it made the sentry hold: V8's message. */
  outgrown: string | undefined
}

/** It was killed because memory was full, or what the sentry kept for it grew too large. */
export function wasOutOfMemory({exit, end: {ranOut, outgrown}}: Pick<Process, 'exit' | 'end'>): boolean {
  return exit?.signal === SIGKILL && (ranOut || outgrown !== undefined)
}
