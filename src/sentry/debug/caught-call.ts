// A system call that a debugger holds before it is made: the task sleeps in it, and makes it when it goes on.

import {ENOSYS} from '../../abi/errno.ts'
import type {Task} from '../core/task.ts'
import {continuation} from '../core/wait.ts'

const caught = continuation<undefined>({
  name: 'caught-call',
  resume: (task) => {
    const call = task.process.handlers[task.context.callNumber]
    return call === undefined ? -ENOSYS : call(task, task.arguments)
  },
})

/** The task sleeps before the call that its frame holds. */
export function holdCall(task: Task): void {
  task.block({restart: 'sa-restart', next: caught, progress: undefined})
}

export const isBeforeCall = (task: Task): boolean => task.wait?.next === caught
