// poll(2), ppoll(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {POLLERR, POLLFD_SIZE, POLLHUP, POLLNVAL} from '../../abi/poll.ts'
import {RLIMIT_NOFILE} from '../core/resource-limits.ts'
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
import {deadlineAfterMs, readTimespecDeadline, type TimeLimit} from '../time/time-argument.ts'

export const poll: Syscall = (task, args) => {
  const deadlineNs = deadlineAfterMs(task, args.int32(2))
  return pollFiles(task, args, {deadlineNs, address: 0, kind: 'timespec'})
}

export const ppoll: Syscall = (task, args) => {
  const address = args.address(2)
  const deadlineNs = readTimespecDeadline(task, address)
  setMaskArgument(task, args.address(3), args.address(4))
  return pollFiles(task, args, {deadlineNs, address, kind: 'timespec'})
}

interface Poll extends ReadinessWait {
  readonly address: number
  readonly count: number
  /** Of the guest's array, as it was. */
  readonly view: DataView
}

function pollFiles(task: Task, args: Arguments, limit: TimeLimit): number {
  const address = args.address(0)
  const count = args.uint32(1)
  if (count > task.process.limits.get(RLIMIT_NOFILE).soft) throw new Errno(EINVAL)
  const bytes = task.memory.readBytes(address, count * POLLFD_SIZE)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const progress = {limit, address, count, view}
  const result = polling.resume(task, progress, limit.deadlineNs === 0)
  if (result !== BLOCKED) return result
  return sleepOnFiles(task, waitedFiles(task, view, count), polling, progress)
}

const polling = readinessWait<Poll>('poll', (task, {address, count, view}, expired) => {
  const ready = task.kernel.epollPasses.readiness.run(() => scan(task, view, count))
  if (ready === 0 && !expired) return BLOCKED
  writeResults(task, address, view, count)
  return ready
})

/** Stores every revents in `view`. @returns how many are not 0 */
function scan(task: Task, view: DataView, count: number): number {
  let ready = 0
  for (let i = 0; i < count; i++) {
    const fd = view.getInt32(i * POLLFD_SIZE, true)
    const events = view.getUint16(i * POLLFD_SIZE + 4, true)
    const found = fd < 0 ? 0 : readinessAt(task, fd)
    const revents = found & (events | POLLERR | POLLHUP | POLLNVAL)
    view.setUint16(i * POLLFD_SIZE + 6, revents, true)
    if (revents !== 0) ready++
  }
  return ready
}

function waitedFiles(task: Task, view: DataView, count: number): WaitedFile[] {
  const files: WaitedFile[] = []
  for (let i = 0; i < count; i++) {
    const description = task.fds.find(view.getInt32(i * POLLFD_SIZE, true))
    if (description === undefined) continue
    files.push({file: description.file, events: view.getUint16(i * POLLFD_SIZE + 4, true), description})
  }
  return files
}

/** Only the revents: another thread may be changing the rest. */
function writeResults(task: Task, address: number, view: DataView, count: number): void {
  for (let i = 0; i < count; i++) {
    const at = i * POLLFD_SIZE + 6
    task.memory.writeUint16(address + at, view.getUint16(at, true))
  }
}
