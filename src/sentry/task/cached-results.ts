// Calls whose results a program reads itself at patched sites: the sentry reports the results, and reports them again when they change.

import type {CallTable} from '../core/call-table.ts'
import type {Credentials} from '../core/credentials.ts'
import type {Task} from '../core/task.ts'

/** None of them looks at its arguments. */
const CALLS = ['getpid', 'getppid', 'gettid', 'getuid', 'geteuid', 'getgid', 'getegid']
const NOTHING = new Uint32Array()

/** What a task's results depended on when they were published. */
export interface CallInputs {
  readonly credentials: Credentials
  readonly syscalls: CallTable
  readonly parentPid: number
  readonly tid: number
  /** Each call must trap. */
  readonly isObserved: boolean
}

/** Call before a task runs on, and while it runs, when others change something. */
export function publishResults(task: Task): void {
  if (task.process.space.callPatches?.hasCached !== true) return
  const {published, tid, credentials, kernel} = task
  const {syscalls, family} = task.process
  const {parentPid} = family
  const isObserved = kernel.tracer !== undefined || task.seccomp !== undefined
  if (
    published !== undefined &&
    published.credentials === credentials &&
    published.syscalls === syscalls &&
    published.parentPid === parentPid &&
    published.tid === tid &&
    published.isObserved === isObserved
  )
    return
  task.published = {credentials, syscalls, parentPid, tid, isObserved}
  task.context.cacheResults(isObserved ? NOTHING : resultsOf(task))
}

/** None if a restriction has changed what one of the calls does. */
function resultsOf(task: Task): Uint32Array {
  const {handlers, syscalls} = task.process
  const numbers = CALLS.map((name) => syscalls.numberOf(name)!)
  if (!numbers.every((number) => syscalls.isUnrestricted(number))) return NOTHING
  return Uint32Array.from(numbers.flatMap((number) => [number, handlers[number]!(task, task.arguments)]))
}
