// rt_sigtimedwait(2).

import {EAGAIN, Errno} from '../../abi/errno.ts'
import {signalOf} from '../../abi/siginfo.ts'
import type {SignalSet} from '../../abi/signal-set.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation} from '../core/wait.ts'
import {readSignalSet} from '../signals/signal-argument.ts'
import {readTimespecDeadline} from '../time/time-argument.ts'

export const rtSigtimedwait: Syscall = (task, args) => {
  const infoAddress = args.address(1)
  const set = readSignalSet(task, args.address(0), args.address(3))
  const deadlineNs = readTimespecDeadline(task, args.address(2))

  const taken = takeSignal(task, set, infoAddress)
  if (taken !== BLOCKED) return taken
  if (deadlineNs === 0) throw new Errno(EAGAIN)

  task.signals.awaited = set
  return task.block({
    queues: [task.process.signals.arrivals],
    deadlineNs,
    restart: 'never',
    ...{next: awaiting, progress: {set, infoAddress}},
  })
}

const awaiting = continuation<{readonly set: SignalSet; readonly infoAddress: number}>({
  name: 'rt_sigtimedwait',
  resume: (task, {set, infoAddress}, expired) => {
    const result = takeSignal(task, set, infoAddress)
    if (result === BLOCKED && !expired) return BLOCKED
    task.signals.awaited = undefined
    if (result === BLOCKED) throw new Errno(EAGAIN)
    return result
  },
})

function takeSignal(task: Task, set: SignalSet, infoAddress: number): number {
  const pending = task.signals.take(set)
  if (pending === undefined) return BLOCKED
  task.signals.awaited = undefined
  if (infoAddress !== 0) task.memory.writeBytes(infoAddress, pending.info)
  return signalOf(pending.info)
}
