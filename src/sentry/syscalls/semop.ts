// semop(2), semtimedop(2).

import {E2BIG, EAGAIN, EIDRM, EINVAL, Errno} from '../../abi/errno.ts'
import {SEM_UNDO, SEMBUF_BYTES, SEMOPM} from '../../abi/ipc.ts'
import {type Arguments, BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation} from '../core/wait.ts'
import {MAY_READ, MAY_WRITE} from '../ipc/permission.ts'
import {
  mayWait,
  type SemaphoreOperation,
  type SemaphoreSet,
  type SemaphoreWaiter,
} from '../ipc/semaphore-set.ts'
import {SemaphoreUndo} from '../ipc/semaphore-undo.ts'
import {readEndNs} from '../time/time-argument.ts'

export const semop: Syscall = (task, args) => operate(task, args, Number.POSITIVE_INFINITY)

export const semtimedop: Syscall = (task, args) => operate(task, args, readEndNs(task, args.address(3)))

function operate(task: Task, args: Arguments, deadlineNs: number): number {
  const operations = readOperations(task, args.address(1), args.uint32(2))
  const {kernel, process, credentials} = task
  const set = kernel.ipc.semaphores.get(args.int32(0))
  set.requireIndexes(operations)
  const changes = operations.some(({change}) => change !== 0)
  set.permission.require(credentials, changes ? MAY_WRITE : MAY_READ)
  const undo = operations.some(({flags}) => flags & SEM_UNDO) ? undoOf(task, set) : undefined

  const blockedBy = set.operate(operations, process.pid, undo)
  if (blockedBy === undefined) return 0
  if (!mayWait(blockedBy)) throw new Errno(EAGAIN)
  const waiter = {blockedBy}
  set.waiters.add(waiter)
  const progress = {set, operations, undo, waiter}
  return task.block({queues: [set.changed], deadlineNs, restart: 'never', next: waiting, progress})
}

interface Waiting {
  readonly set: SemaphoreSet
  readonly operations: readonly SemaphoreOperation[]
  readonly undo: SemaphoreUndo | undefined
  readonly waiter: SemaphoreWaiter
}

const waiting = continuation<Waiting>({
  name: 'semop',
  resume: ({process}, {set, operations, undo, waiter}, expired) => {
    if (set.isRemoved) throw new Errno(EIDRM)
    const blockedBy = set.operate(operations, process.pid, undo)
    if (blockedBy === undefined) return 0
    if (expired || !mayWait(blockedBy)) throw new Errno(EAGAIN)
    waiter.blockedBy = blockedBy
    return BLOCKED
  },
  ended: (_task, {set, waiter}) => set.waiters.delete(waiter),
})

/** @throws Errno E2BIG, EINVAL, EFAULT */
function readOperations({memory}: Task, address: number, count: number): SemaphoreOperation[] {
  if (count > SEMOPM) throw new Errno(E2BIG)
  if (count < 1) throw new Errno(EINVAL)
  const bytes = memory.readBytes(address, count * SEMBUF_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({length: count}, (_, i) => ({
    index: view.getUint16(SEMBUF_BYTES * i, true),
    change: view.getInt16(SEMBUF_BYTES * i + 2, true),
    flags: view.getInt16(SEMBUF_BYTES * i + 4, true),
  }))
}

/** @throws Errno ENOMEM */
function undoOf(task: Task, set: SemaphoreSet): SemaphoreUndo {
  task.semaphoreUndo ??= new SemaphoreUndo(task.kernel.budget)
  task.semaphoreUndo.reserve(set)
  return task.semaphoreUndo
}
