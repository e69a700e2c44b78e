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
import {type AddressSpace, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import {monotonicDeadlineNs} from '../clocks.ts'
import {FutexTable} from '../futex.ts'
import type {Kernel} from '../kernel.ts'
import type {Task} from '../task.ts'
import {applyWakeOp, decodeWakeOp, wakeOpHolds} from './futex-wake-op.ts'
import {type Arguments, BLOCKED, type Syscall} from './syscall.ts'
import {readTimespec} from './time-argument.ts'

const WORD_BYTES = 4
const ANY = 0xffff_ffff | 0

/** Private futexes are told apart by their addresses, within an address space; the others by the memory that they lie in. */
const tables = new WeakMap<Kernel | AddressSpace, FutexTable>()

export function futexTable({kernel, process}: Task, isPrivate: boolean): FutexTable {
  const owner = isPrivate ? process.space.addresses : kernel
  let table = tables.get(owner)
  if (table === undefined) {
    table = new FutexTable()
    tables.set(owner, table)
  }
  return table
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
      table.leave(waiter)
      throw new Errno(ETIMEDOUT)
    },
    interrupted: () => table.leave(waiter),
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

/** What a futex is known by. @throws Errno EINVAL, EFAULT */
export function futexKey(task: Task, address: number, isPrivate: boolean): number {
  if (isPrivate) {
    task.memory.check(alignedFutex(address), WORD_BYTES)
    return address
  }
  const view = viewOfWord(task, alignedFutex(address))
  return view.byteOffset - task.kernel.platform.memory.bytes.byteOffset
}

/** A word of a page that may be written later is looked up for writing, so that a copy on write does not move it. */
function viewOfWord({memory}: Task, address: number): Uint8Array {
  try {
    return memory.view(address, WORD_BYTES, PROT_WRITE)
  } catch (error) {
    if (!(error instanceof Errno) || error.code !== EFAULT) throw error
    return memory.view(address, WORD_BYTES, PROT_READ)
  }
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
