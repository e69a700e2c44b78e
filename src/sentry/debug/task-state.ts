// A stopped task's registers, as ptrace(2) shows them.

import type {DebugState} from '../../arch/debug.ts'
import {arch} from '../../arch/index.ts'
import type {Task} from '../core/task.ts'
import {isBeforeCall} from './caught-call.ts'

/** Copies. Precondition: the task is stopped. */
export function stateOf(task: Task): DebugState {
  const general = task.context.readRegisters().slice()
  const {callNumber} = task.context
  task.process.space.callPatches?.leaveTrampoline(general)
  if (isBeforeCall(task)) arch.debug.showCall(general, callNumber, task.arguments.raw(0))
  else if (task.wait !== undefined) arch.debug.showSleeper(general, callNumber)
  return {general, fp: task.context.readFpState()}
}
