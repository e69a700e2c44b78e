// rt_sigreturn(2).

import {Errno} from '../../abi/errno.ts'
import {arch} from '../../arch/index.ts'
import {forceSegv} from '../signals/deliver.ts'
import {REGISTERS_SET, type Syscall} from './syscall.ts'

export const rtSigreturn: Syscall = (task) => {
  const {signals} = task
  try {
    const {mask, stack, stackPointer} = arch.popSignalFrame(task.context, task.memory)
    signals.mask = mask
    restoreStack(() => signals.alternateStack.set(stack, stackPointer))
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    forceSegv(task, 0)
  }
  return REGISTERS_SET
}

/** As in Linux, a stack that cannot be set is left as it was, and the return goes on. */
function restoreStack(set: () => void): void {
  try {
    set()
  } catch (error) {
    if (!(error instanceof Errno)) throw error
  }
}
