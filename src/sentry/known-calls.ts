// Calls whose results a program reads itself at patched sites: the sentry reports the results, and reports them again when they change.

import {type CallTable, initialCallTable} from './call-table.ts'
import type {Credentials} from './credentials.ts'
import {getpid, getppid, gettid} from './syscalls/getpid.ts'
import {getegid, geteuid, getgid, getuid} from './syscalls/getuid.ts'
import type {Task} from './task.ts'

/** None of them looks at arguments. */
const CALLS = [getpid, getppid, gettid, getuid, geteuid, getgid, getegid] as ((task: Task) => number)[]
const NOTHING = new Uint32Array()

let known: readonly (readonly [number: number, call: (task: Task) => number])[] | undefined

/** What a task's results depended on when they were told. */
export interface Told {
  readonly credentials: Credentials
  readonly syscalls: CallTable
  readonly parentPid: number
  readonly tid: number
  readonly isTraced: boolean
}

/** Call before a task runs on, and while it runs, when others change something. */
export function tellKnown(task: Task): void {
  if (task.process.space.callPatches?.hasKnown !== true) return
  const {told, tid, credentials, kernel} = task
  const {parentPid, syscalls} = task.process
  const isTraced = kernel.tracer !== undefined
  if (
    told !== undefined &&
    told.credentials === credentials &&
    told.syscalls === syscalls &&
    told.parentPid === parentPid &&
    told.tid === tid &&
    told.isTraced === isTraced
  )
    return
  task.told = {credentials, syscalls, parentPid, tid, isTraced}
  task.context.know(isTraced ? NOTHING : resultsOf(task))
}

/** None if a restriction has changed what one of the calls does. */
function resultsOf(task: Task): Uint32Array {
  const table = initialCallTable() as readonly unknown[]
  known ??= CALLS.map((call) => [table.indexOf(call), call])
  const {syscalls} = task.process
  if (!known.every(([number, call]) => (syscalls[number] as unknown) === call)) return NOTHING
  return Uint32Array.from(known.flatMap(([number, call]) => [number, call(task)]))
}
