// futex(2).

import {EAGAIN, EINVAL, ENOSYS, Errno} from '../../abi/errno.ts'
import {
  FUTEX_CLOCK_REALTIME,
  FUTEX_CMP_REQUEUE,
  FUTEX_CMP_REQUEUE_PI,
  FUTEX_LOCK_PI,
  FUTEX_LOCK_PI2,
  FUTEX_PRIVATE_FLAG,
  FUTEX_REQUEUE,
  FUTEX_TRYLOCK_PI,
  FUTEX_UNLOCK_PI,
  FUTEX_WAIT,
  FUTEX_WAIT_BITSET,
  FUTEX_WAIT_REQUEUE_PI,
  FUTEX_WAKE,
  FUTEX_WAKE_BITSET,
  FUTEX_WAKE_OP,
} from '../../abi/futex.ts'
import {CLOCK_MONOTONIC, CLOCK_REALTIME} from '../../abi/time.ts'
import type {Arguments, Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {ANY, alignedFutex, futexKey, futexTable, sleepOnFutex} from '../ipc/futex-key.ts'
import {lockAt, lockPi, requeuePi, tryLockPi, unlockPi, waitRequeuePi} from '../ipc/futex-pi.ts'
import {applyWakeOp, decodeWakeOp, wakeOpHolds} from '../ipc/futex-wake-op.ts'
import {readEndNs} from '../time/time-argument.ts'

/** Operations that may choose the clock. */
const CLOCKED = new Set([FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI, FUTEX_LOCK_PI2])

export const futex: Syscall = (task, args) => {
  const flags = args.int32(1)
  const operation = flags & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)
  const address = args.address(0)
  const table = futexTable(task, isPrivate(args))
  if (flags & FUTEX_CLOCK_REALTIME && !CLOCKED.has(operation)) throw new Errno(ENOSYS)
  switch (operation) {
    case FUTEX_WAIT:
      return wait(task, args, ANY, readEndNs(task, args.address(3)))
    case FUTEX_WAIT_BITSET: {
      const clock = flags & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC
      return wait(task, args, bitset(args), readEndNs(task, args.address(3), clock))
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
      return lockOperation(task, args, operation)
  }
}

/** Operations on locks that the kernel hands on. */
function lockOperation(task: Task, args: Arguments, operation: number): number {
  const lock = (index: number) => lockAt(task, args.address(index), isPrivate(args))
  const clock =
    args.int32(1) & FUTEX_CLOCK_REALTIME || operation === FUTEX_LOCK_PI ? CLOCK_REALTIME : CLOCK_MONOTONIC
  switch (operation) {
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
      return lockPi(task, lock(0), readEndNs(task, args.address(3), clock))
    case FUTEX_TRYLOCK_PI:
      return tryLockPi(task, lock(0))
    case FUTEX_UNLOCK_PI:
      return unlockPi(task, lock(0))
    case FUTEX_WAIT_REQUEUE_PI: {
      const deadlineNs = readEndNs(task, args.address(3), clock)
      return waitRequeuePi(task, lock(0), args.int32(2), lock(4), deadlineNs)
    }
    case FUTEX_CMP_REQUEUE_PI:
      if (args.int32(2) !== 1) throw new Errno(EINVAL)
      return requeuePi(task, lock(0), lock(4), args.int32(5), args.int32(3))
    default:
      throw new Errno(ENOSYS)
  }
}

function wait(task: Task, args: Arguments, bits: number, deadlineNs: number): number {
  const address = alignedFutex(args.address(0))
  if (task.memory.readInt32(address) !== args.int32(2)) throw new Errno(EAGAIN)
  const table = futexTable(task, isPrivate(args))
  const waiter = table.join(futexKey(task, address, isPrivate(args)), bits)
  return sleepOnFutex(task, table, waiter, deadlineNs)
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
  // In one step, whatever other threads do to the word meanwhile.
  let old: number
  do old = task.memory.readInt32(secondAddress)
  while (!task.memory.compareExchangeInt32(secondAddress, old, applyWakeOp(operation, old)))
  let woken = table.wake(first, wakes(args.int32(2)), ANY)
  if (wakeOpHolds(operation, old)) woken += table.wake(second, wakes(args.int32(3)), ANY)
  return woken
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
