// rt_sigreturn(2).

import type {SignalReturn} from '../../arch/architecture.ts'
import {arch} from '../../arch/index.ts'
import {REGISTERS_SET, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {SEGV_ACCERR, SEGV_MAPERR} from '../memory/fault-signal.ts'
import {forceSegv} from '../signals/deliver.ts'
import {forceFault} from '../signals/force.ts'

export const rtSigreturn: Syscall = (task) => {
  const {signals} = task
  let returned: SignalReturn | undefined
  unlessErrno(() => {
    returned = arch.popSignalFrame(task.context, task.memory)
  })
  if (returned !== undefined) {
    const {mask, stack, stackPointer} = returned
    signals.mask = mask
    // As in Linux, a stack that cannot be set stays as it was, and the return goes on.
    if (stack !== undefined) unlessErrno(() => signals.alternateStack.set(stack, stackPointer))
    if (!returned.isBroken) return REGISTERS_SET
  }
  refuse(task)
  return 0
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
