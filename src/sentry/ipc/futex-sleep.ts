// sleepOnFutex: a call sleeps until its futex is woken, or its time is over: futex(2).

import {Errno, ETIMEDOUT} from '../../abi/errno.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation, restartOf} from '../core/wait.ts'
import type {FutexTable, FutexWaiter} from '../memory/futex-table.ts'

/** @param table the sleeper's, also when it is moved to another word */
export function sleepOnFutex(task: Task, table: FutexTable, waiter: FutexWaiter, deadlineNs: number): number {
  return task.block({
    queues: [waiter.queue],
    deadlineNs,
    // After a handler with SA_RESTART, Linux keeps the old deadline; a restarted call would wait longer.
    restart: restartOf(deadlineNs),
    ...{next: sleeping, progress: {table, waiter}},
  })
}

const sleeping = continuation<{readonly table: FutexTable; readonly waiter: FutexWaiter}>({
  name: 'futex',
  resume: (_task, {waiter}, expired) => {
    if (waiter.woken) return 0
    if (!expired) return BLOCKED
    throw new Errno(ETIMEDOUT)
  },
  settled: (_task, {waiter}) => (waiter.woken ? 0 : undefined),
  ended: (_task, {table, waiter}) => table.leave(waiter),
})
