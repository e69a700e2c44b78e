// select(2), pselect6(2).

import {EBADF, EINVAL, Errno} from '../../abi/errno.ts'
import {POLLIN, POLLOUT, POLLPRI, SELECT_EXCEPT, SELECT_READ, SELECT_WRITE} from '../../abi/poll.ts'
import {type Arguments, BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {WaitedFile} from '../core/wait.ts'
import {
  type ReadinessWait,
  readinessAt,
  readinessWait,
  setMaskArgument,
  sleepOnFiles,
} from '../fd/readiness.ts'
import {readTimespecDeadline, readTimevalDeadline, type TimeLimit} from '../time/time-argument.ts'

export const select: Syscall = (task, args) => {
  const address = args.address(4)
  return selectFiles(task, args, {deadlineNs: readTimevalDeadline(task, address), address, kind: 'timeval'})
}

/** The sixth argument points to the mask's address and its size. */
export const pselect6: Syscall = (task, args) => {
  const {memory} = task
  const address = args.address(4)
  const maskArgument = args.address(5)
  const mask = maskArgument === 0 ? 0 : memory.readUint64(maskArgument)
  const size = maskArgument === 0 ? 0 : memory.readUint64(maskArgument + 8)
  const deadlineNs = readTimespecDeadline(task, address)
  setMaskArgument(task, mask, size)
  return selectFiles(task, args, {deadlineNs, address, kind: 'timespec'})
}

/** One of the three sets: the guest's bits, and which events make them ready. */
interface SelectSet {
  readonly address: number
  readonly bits: Uint8Array
  readonly ready: number
  readonly events: number
}

const KINDS = [
  {ready: SELECT_READ, events: POLLIN},
  {ready: SELECT_WRITE, events: POLLOUT},
  {ready: SELECT_EXCEPT, events: POLLPRI},
]

interface Select extends ReadinessWait {
  readonly sets: readonly SelectSet[]
  readonly watched: readonly WatchedDescriptor[]
}

function selectFiles(task: Task, args: Arguments, limit: TimeLimit): number {
  const n = args.int32(0)
  if (n < 0) throw new Errno(EINVAL)
  const count = Math.min(n, task.fds.limit)
  const sets: SelectSet[] = []
  KINDS.forEach((kind, i) => {
    const address = args.address(1 + i)
    if (address !== 0)
      sets.push({address, bits: task.memory.readBytes(address, Math.ceil(count / 64) * 8), ...kind})
  })
  const watched = watchedBy(task, sets, count)
  const progress = {limit, sets, watched}
  const result = selecting.resume(task, progress, limit.deadlineNs === 0)
  return result === BLOCKED ? sleepOnFiles(task, watched, selecting, progress) : result
}

const selecting = readinessWait<Select>('select', (task, {sets, watched}, expired) => {
  const results = sets.map(({bits}) => new Uint8Array(bits.length))
  const ready = task.kernel.epollPasses.readiness.run(() => scan(task, sets, watched, results))
  if (ready === 0 && !expired) return BLOCKED
  sets.forEach(({address}, i) => {
    task.memory.writeBytes(address, results[i])
  })
  return ready
})

interface WatchedDescriptor extends WaitedFile {
  readonly fd: number
}

/** @throws Errno EBADF when a descriptor in a set is not open */
function watchedBy(task: Task, sets: readonly SelectSet[], count: number): WatchedDescriptor[] {
  const watched: WatchedDescriptor[] = []
  for (let fd = 0; fd < count; fd++) {
    let events = 0
    for (const set of sets) if (has(set.bits, fd)) events |= set.events
    if (events === 0) continue
    const description = task.fds.find(fd)
    if (description === undefined) throw new Errno(EBADF)
    watched.push({fd, file: description.file, events, description})
  }
  return watched
}

function scan(
  task: Task,
  sets: readonly SelectSet[],
  watched: readonly WatchedDescriptor[],
  results: Uint8Array[],
): number {
  let total = 0
  for (const {fd} of watched) {
    const readiness = readinessAt(task, fd)
    sets.forEach(({bits, ready}, i) => {
      if (!(readiness & ready) || !has(bits, fd)) return
      results[i][fd >> 3] |= 1 << (fd & 7)
      total++
    })
  }
  return total
}

function has(bits: Uint8Array, fd: number): boolean {
  return (bits[fd >> 3] & (1 << (fd & 7))) !== 0
}
