// futex(2).

import {EAGAIN, EFAULT, EINVAL, ENOSYS, Errno, ETIMEDOUT} from '../../abi/errno.ts'
import {
  FUTEX_CLOCK_REALTIME,
  FUTEX_CMP_REQUEUE,
  FUTEX_PRIVATE_FLAG,
  FUTEX_REQUEUE,
  FUTEX_WAIT,
  FUTEX_WAIT_BITSET,
  FUTEX_WAKE,
  FUTEX_WAKE_BITSET,
  FUTEX_WAKE_OP,
} from '../../abi/futex.ts'
import {CLOCK_MONOTONIC, CLOCK_REALTIME, toNs} from '../../abi/time.ts'
import {PAGE_SIZE, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import {monotonicDeadlineNs} from '../clocks.ts'
import type {FutexKey, FutexTable} from '../ipc/futex-table.ts'
import type {Task} from '../task.ts'
import {applyWakeOp, decodeWakeOp, wakeOpHolds} from './futex-wake-op.ts'
import {type Arguments, BLOCKED, type Syscall} from './syscall.ts'
import {readTimespec} from './time-argument.ts'

const WORD_BYTES = 4
const ANY = 0xffff_ffff | 0

export function futexTable({kernel, process}: Task, isPrivate: boolean): FutexTable {
  return isPrivate ? process.memoryMap.futexes : kernel.ipc.futexes
}

export const futex: Syscall = (task, args) => {
  const flags = args.int32(1)
  const operation = flags & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)
  const address = args.address(0)
  const table = futexTable(task, isPrivate(args))
  const isWait = operation === FUTEX_WAIT || operation === FUTEX_WAIT_BITSET
  if (flags & FUTEX_CLOCK_REALTIME && !isWait) throw new Errno(ENOSYS)
  switch (operation) {
    case FUTEX_WAIT:
      return wait(task, args, ANY, relativeDeadlineNs(task, args.address(3)))
    case FUTEX_WAIT_BITSET: {
      const clock = flags & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC
      return wait(task, args, bitset(args), absoluteDeadlineNs(task, clock, args.address(3)))
    }
    case FUTEX_WAKE:
      return table.wake(futexKey(task, address, isPrivate(args)), wakes(args.int32(2)), ANY)
    case FUTEX_WAKE_BITSET: {
      const bits = bitset(args)
      return table.wake(futexKey(task, address, isPrivate(args)), wakes(args.int32(2)), bits)
    }
    case FUTEX_REQUEUE:
      return requeue(task, args)
    case FUTEX_CMP_REQUEUE:
      if (task.memory.readInt32(alignedFutex(address)) !== args.int32(5)) throw new Errno(EAGAIN)
      return requeue(task, args)
    case FUTEX_WAKE_OP:
      return wakeOp(task, args)
    default:
      throw new Errno(ENOSYS)
  }
}

function wait(task: Task, args: Arguments, bits: number, deadlineNs: number): number {
  const address = alignedFutex(args.address(0))
  if (task.memory.readInt32(address) !== args.int32(2)) throw new Errno(EAGAIN)
  const table = futexTable(task, isPrivate(args))
  const waiter = table.join(futexKey(task, address, isPrivate(args)), bits)
  return task.block({
    queues: [waiter.queue],
    deadlineNs,
    // Linux goes on with the old deadline after a handler with SA_RESTART; made anew, the call would wait longer.
    restart: deadlineNs === Number.POSITIVE_INFINITY ? 'sa-restart' : 'never',
    retry: (expired) => {
      if (waiter.woken) return 0
      if (!expired) return BLOCKED
      throw new Errno(ETIMEDOUT)
    },
    settled: () => (waiter.woken ? 0 : undefined),
    ended: () => table.leave(waiter),
  })
}

function requeue(task: Task, args: Arguments): number {
  const table = futexTable(task, isPrivate(args))
  const from = futexKey(task, args.address(0), isPrivate(args))
  const to = futexKey(task, args.address(4), isPrivate(args))
  const wakeCount = args.int32(2)
  const moveCount = args.int32(3)
  if (wakeCount < 0 || moveCount < 0) throw new Errno(EINVAL)
  return table.wake(from, wakeCount, ANY) + table.requeue(from, to, moveCount)
}

function wakeOp(task: Task, args: Arguments): number {
  const table = futexTable(task, isPrivate(args))
  const first = futexKey(task, args.address(0), isPrivate(args))
  const secondAddress = alignedFutex(args.address(4))
  const second = futexKey(task, secondAddress, isPrivate(args))
  const operation = decodeWakeOp(args.int32(5))
  const old = task.memory.readInt32(secondAddress)
  task.memory.writeInt32(secondAddress, applyWakeOp(operation, old))
  let woken = table.wake(first, wakes(args.int32(2)), ANY)
  if (wakeOpHolds(operation, old)) woken += table.wake(second, wakes(args.int32(3)), ANY)
  return woken
}

/** FUTEX_WAKE of Linux's own: a futex that the task leaves. @throws Errno EINVAL, EFAULT */
export function wakeFutex(task: Task, address: number, count: number): number {
  return futexTable(task, false).wake(futexKey(task, address, false), count, ANY)
}

function isPrivate(args: Arguments): boolean {
  return (args.int32(1) & FUTEX_PRIVATE_FLAG) !== 0
}

/** FUTEX_WAKE wakes one even when told zero or less. */
function wakes(count: number): number {
  return Math.max(1, count)
}

function bitset(args: Arguments): number {
  const bits = args.int32(5)
  if (bits === 0) throw new Errno(EINVAL)
  return bits
}

/**
 * What a futex is known by, as Linux's get_futex_key has it: the address space and the address, or, if the call does not
 * say that it is private, what a shared mapping shows there. So does what a private mapping shows of its file as long as it
 * cannot be written; other memory that cannot be is EFAULT, as nobody could change the word.
 * @throws Errno EINVAL, EFAULT
 */
export function futexKey({memory, process}: Task, address: number, isPrivate: boolean): FutexKey {
  const map = process.memoryMap
  if (isPrivate) {
    memory.check(alignedFutex(address), WORD_BYTES)
    return {object: map, offset: address}
  }
  // It has to be there, and a stack may grow for it.
  memory.view(alignedFutex(address), WORD_BYTES, PROT_READ)
  const vma = map.vmas.at(address)!
  if (!vma.isShared && vma.protection & PROT_WRITE) return {object: map, offset: address}
  if (vma.backing === undefined) throw new Errno(EFAULT)
  const {mappable} = vma.backing
  const offset = vma.filePage(Math.floor(address / PAGE_SIZE)) * PAGE_SIZE + (address % PAGE_SIZE)
  return {object: mappable.identity ?? mappable, offset}
}

export function alignedFutex(address: number): number {
  if (address % 4 !== 0) throw new Errno(EINVAL)
  return address
}

function relativeDeadlineNs(task: Task, address: number): number {
  if (address === 0) return Number.POSITIVE_INFINITY
  return task.kernel.monotonicNs() + toNs(readTimespec(task, address))
}

function absoluteDeadlineNs(task: Task, clock: number, address: number): number {
  if (address === 0) return Number.POSITIVE_INFINITY
  return monotonicDeadlineNs(task, clock, readTimespec(task, address))
}
