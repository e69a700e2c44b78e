// rt_sigprocmask(2), rt_sigpending(2), rt_sigsuspend(2), pause(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK} from '../../abi/signal.ts'
import {SIGNAL_SET_BYTES, type SignalSet} from '../../abi/signal-set.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation} from '../core/wait.ts'
import {checkSetSize, readSignalSet} from '../signals/signal-argument.ts'

export const rtSigprocmask: Syscall = (task, args) => {
  const newSet = args.address(1)
  const oldSet = args.address(2)
  const size = args.address(3)
  checkSetSize(size)
  const old = task.signals.mask
  if (newSet !== 0) task.signals.mask = changed(old, args.int32(0), readSignalSet(task, newSet, size))
  if (oldSet !== 0) task.memory.writeBytes(oldSet, old.toBytes())
  return 0
}

function changed(mask: SignalSet, how: number, set: SignalSet): SignalSet {
  const result = mask.clone()
  if (how === SIG_BLOCK) result.addAll(set)
  else if (how === SIG_UNBLOCK) result.deleteAll(set)
  else if (how === SIG_SETMASK) result.assign(set)
  else throw new Errno(EINVAL)
  return result
}

export const rtSigpending: Syscall = (task, args) => {
  // Linux accepts any size up to its own here.
  const size = args.address(1)
  if (size > SIGNAL_SET_BYTES) throw new Errno(EINVAL)
  const pending = task.signals.pendingSet.intersection(task.signals.mask)
  task.memory.writeBytes(args.address(0), pending.toBytes().subarray(0, size))
  return 0
}

export const rtSigsuspend: Syscall = (task, args) => {
  task.signals.setTemporaryMask(readSignalSet(task, args.address(0), args.address(1)))
  return sleepUntilHandled(task)
}

export const pause: Syscall = (task) => sleepUntilHandled(task)

/** Only a handler ends it, with EINTR. */
function sleepUntilHandled(task: Task): number {
  return task.block({restart: 'never', next: untilHandled, progress: undefined})
}

const untilHandled = continuation<undefined>({name: 'pause', resume: () => BLOCKED})
