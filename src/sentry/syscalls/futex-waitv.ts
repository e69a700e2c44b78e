// futex_waitv(2): sleeps on several futexes at once (Documentation/userspace-api/futex2.rst).

import {EAGAIN, EINVAL, Errno, ETIMEDOUT} from '../../abi/errno.ts'
import {CLOCK_MONOTONIC, CLOCK_REALTIME} from '../../abi/time.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation} from '../core/wait.ts'
import {ANY, alignedFutex, futexKey, futexTable} from '../ipc/futex-key.ts'
import type {FutexTable, FutexWaiter} from '../memory/futex-table.ts'
import {readEndNs} from '../time/time-argument.ts'

const MOST_WAITERS = 128
/** struct futex_waitv: val u64 at 0, uaddr u64 at 8, flags u32 at 16, a reserved u32 at 20. */
const WAITER_BYTES = 24
const FUTEX2_SIZE_U32 = 2
const FUTEX2_SIZE_MASK = 3
const FUTEX2_PRIVATE = 128

interface FutexWait {
  readonly address: number
  readonly value: number
  readonly isPrivate: boolean
}

export const futexWaitv: Syscall = (task, args) => {
  const list = args.address(0)
  const count = args.uint32(1)
  if (args.uint32(2) !== 0 || list === 0 || count === 0 || count > MOST_WAITERS) throw new Errno(EINVAL)
  const timeAddress = args.address(3)
  const clock = args.int32(4)
  if (timeAddress !== 0 && clock !== CLOCK_REALTIME && clock !== CLOCK_MONOTONIC) throw new Errno(EINVAL)
  const deadlineNs = readEndNs(task, timeAddress, clock)
  const wanted = Array.from({length: count}, (_, index) => readWaiter(task, list + index * WAITER_BYTES))
  for (const {address, value} of wanted) if (task.memory.readInt32(address) !== value) throw new Errno(EAGAIN)

  const tables = wanted.map(({isPrivate}) => futexTable(task, isPrivate))
  const keys = wanted.map(({address, isPrivate}) => futexKey(task, address, isPrivate))
  const waiters = keys.map((key, index) => tables[index].join(key, ANY))
  return task.block({
    queues: waiters.map(({queue}) => queue),
    deadlineNs,
    restart: 'sa-restart',
    ...{next: waiting, progress: {tables, waiters}},
  })
}

const waiting = continuation<{
  readonly tables: readonly FutexTable[]
  readonly waiters: readonly FutexWaiter[]
}>({
  name: 'futex_waitv',
  resume: (_task, {waiters}, expired) => {
    const index = lastWoken(waiters)
    if (index < 0 && !expired) return BLOCKED
    if (index < 0) throw new Errno(ETIMEDOUT)
    return index
  },
  settled: (_task, {waiters}) => {
    const index = lastWoken(waiters)
    return index < 0 ? undefined : index
  },
  ended: (_task, {tables, waiters}) => {
    waiters.forEach((waiter, index) => {
      tables[index].leave(waiter)
    })
  },
})

/** Linux searches from the end. */
function lastWoken(waiters: readonly FutexWaiter[]): number {
  return waiters.findLastIndex(({woken}) => woken)
}

function readWaiter({memory}: Task, at: number): FutexWait {
  const flags = memory.readUint32(at + 16)
  if (memory.readUint32(at + 20) !== 0) throw new Errno(EINVAL)
  if (flags & ~(FUTEX2_SIZE_MASK | FUTEX2_PRIVATE)) throw new Errno(EINVAL)
  if ((flags & FUTEX2_SIZE_MASK) !== FUTEX2_SIZE_U32) throw new Errno(EINVAL)
  // A value wider than the futex's 32 bits never matches.
  if (memory.readUint32(at + 4) !== 0) throw new Errno(EINVAL)
  return {
    address: alignedFutex(memory.readUint64(at + 8)),
    value: memory.readInt32(at),
    isPrivate: (flags & FUTEX2_PRIVATE) !== 0,
  }
}
