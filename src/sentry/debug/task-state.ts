// A stopped task's registers, as ptrace(2) shows them.

import type {DebugState} from '../../arch/debug.ts'
import {arch} from '../../arch/index.ts'
import type {Task} from '../core/task.ts'

/** Copies. Precondition: the task is stopped. */
export function stateOf(task: Task): DebugState {
  const general = task.context.readRegisters().slice()
  if (task.wait !== undefined) arch.debug.showSleeper(general, task.context.callNumber)
  return {general, fp: task.context.readFpState()}
}
