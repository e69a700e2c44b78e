// select(2), pselect6(2).

import {EBADF, EINVAL, Errno} from '../../abi/errno.ts'
import {POLLIN, POLLOUT, POLLPRI, SELECT_EXCEPT, SELECT_READ, SELECT_WRITE} from '../../abi/poll.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {WaitedFile} from '../core/wait.ts'
import {readinessAt, setMaskArgument, waitForReadiness} from '../fd/readiness.ts'
import {readTimespecDeadline, readTimevalDeadline, writeRemaining} from '../time/time-limit.ts'

export const select: Syscall = (task, args) => {
  const limitAddress = args.address(4)
  const deadlineNs = readTimevalDeadline(task, limitAddress)
  const finished = () => writeRemaining(task, limitAddress, deadlineNs, 'timeval')
  return selectFiles(task, args.int32(0), setAddresses(args), deadlineNs, finished)
}

/** The sixth argument points to the mask's address and its size. */
export const pselect6: Syscall = (task, args) => {
  const limitAddress = args.address(4)
  const maskArgument = args.address(5)
  if (maskArgument !== 0) {
    const {memory} = task
    const [mask, size] = [memory.readUint64(maskArgument), memory.readUint64(maskArgument + 8)]
    const deadlineNs = readTimespecDeadline(task, limitAddress)
    setMaskArgument(task, mask, size)
    return pselect(task, args.int32(0), setAddresses(args), deadlineNs, limitAddress)
  }
  return pselect(
    task,
    args.int32(0),
    setAddresses(args),
    readTimespecDeadline(task, limitAddress),
    limitAddress,
  )
}

function pselect(
  task: Task,
  n: number,
  sets: readonly number[],
  deadlineNs: number,
  limitAddress: number,
): number {
  return selectFiles(task, n, sets, deadlineNs, () =>
    writeRemaining(task, limitAddress, deadlineNs, 'timespec'),
  )
}

function setAddresses(args: {address(index: number): number}): readonly number[] {
  return [args.address(1), args.address(2), args.address(3)]
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

function selectFiles(
  task: Task,
  n: number,
  addresses: readonly number[],
  deadlineNs: number,
  finished: () => void,
): number {
  if (n < 0) throw new Errno(EINVAL)
  const count = Math.min(n, task.fds.limit)
  const bytes = Math.ceil(count / 64) * 8
  const sets: SelectSet[] = []
  addresses.forEach((address, i) => {
    if (address !== 0) sets.push({address, bits: task.memory.readBytes(address, bytes), ...KINDS[i]})
  })
  const watched = watchedBy(task, sets, count)

  const attempt = (expired: boolean): number => {
    const results = sets.map(() => new Uint8Array(bytes))
    const ready = task.kernel.epollPasses.readiness.run(() => scan(task, sets, watched, results))
    if (ready === 0 && !expired) return BLOCKED
    sets.forEach(({address}, i) => {
      task.memory.writeBytes(address, results[i])
    })
    return ready
  }
  const result = attempt(deadlineNs === 0)
  if (result === BLOCKED) return waitForReadiness(task, watched, deadlineNs, attempt, finished)
  finished()
  return result
}

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
