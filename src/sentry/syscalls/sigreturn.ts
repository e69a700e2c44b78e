// rt_sigreturn(2).

import {Errno} from '../../abi/errno.ts'
import type {SignalReturn} from '../../arch/architecture.ts'
import {arch} from '../../arch/index.ts'
import {REGISTERS_SET, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {SEGV_ACCERR, SEGV_MAPERR} from '../memory/fault-signal.ts'
import {forceSegv} from '../signals/deliver.ts'
import {forceFault} from '../signals/force.ts'

export const rtSigreturn: Syscall = (task) => {
  const {signals} = task
  const returned = popFrame(task)
  if (returned !== undefined) {
    const {mask, stack, stackPointer} = returned
    signals.mask = mask
    if (stack !== undefined) restoreStack(() => signals.alternateStack.set(stack, stackPointer))
    if (!returned.isBroken) return REGISTERS_SET
  }
  refuse(task)
  return 0
}

function popFrame(task: Task): SignalReturn | undefined {
  try {
    return arch.popSignalFrame(task.context, task.memory)
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    return undefined
  }
}

/** As in Linux, a stack that cannot be set stays as it was, and the return goes on. */
function restoreStack(set: () => void): void {
  try {
    set()
  } catch (error) {
    if (!(error instanceof Errno)) throw error
  }
}

function refuse(task: Task): void {
  const fault = arch.badFrameFault?.(task.context.readRegisters())
  if (fault === undefined) {
    forceSegv(task, 0)
    return
  }
  // find_vma: anything mapped there or above counts.
  const {vmas} = task.process.memoryMap
  const isBelowMapping = fault.address >= 0 && vmas.get(vmas.indexAfter(fault.address)) !== undefined
  forceFault(task, {...fault, code: (isBelowMapping ? SEGV_ACCERR : SEGV_MAPERR).code})
}
