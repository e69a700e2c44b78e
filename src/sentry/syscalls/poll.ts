// poll(2), ppoll(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {POLLERR, POLLFD_SIZE, POLLHUP, POLLNVAL} from '../../abi/poll.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {readinessPass} from '../epoll-nesting.ts'
import {RLIMIT_NOFILE} from '../resource-limits.ts'
import type {Task} from '../task.ts'
import {readinessOf, setMaskArgument, type WatchedFile, waitForReadiness} from './readiness.ts'
import {BLOCKED, type Syscall} from './syscall.ts'
import {deadlineAfterMs, readTimespecDeadline, writeRemaining} from './time-limit.ts'

export const poll: Syscall = (task, args) =>
  pollFiles(task, args.address(0), args.uint32(1), deadlineAfterMs(task, args.int32(2)))

export const ppoll: Syscall = (task, args) => {
  const limitAddress = args.address(2)
  const deadlineNs = readTimespecDeadline(task, limitAddress)
  setMaskArgument(task, args.address(3), args.address(4))
  const finished = () => writeRemaining(task, limitAddress, deadlineNs, 'timespec')
  return pollFiles(task, args.address(0), args.uint32(1), deadlineNs, finished)
}

function pollFiles(
  task: Task,
  address: number,
  count: number,
  deadlineNs: number,
  finished?: () => void,
): number {
  if (count > task.process.limits.get(RLIMIT_NOFILE).soft) throw new Errno(EINVAL)
  const bytes = task.memory.readBytes(address, count * POLLFD_SIZE)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const files = filesOf(task, view, count)

  const attempt = (expired: boolean): number => {
    const ready = readinessPass.run(() => scan(view, files))
    if (ready === 0 && !expired) return BLOCKED
    writeResults(task, address, view, count)
    return ready
  }
  const result = attempt(deadlineNs === 0)
  if (result === BLOCKED) {
    return waitForReadiness(task, watched(view, files), deadlineNs, attempt, finished)
  }
  finished?.()
  return result
}

/** By index: undefined for a negative descriptor, null for one that is not open. */
type Polled = (FileDescription | undefined | null)[]

function filesOf(task: Task, view: DataView, count: number): Polled {
  const files: Polled = []
  for (let i = 0; i < count; i++) {
    const fd = view.getInt32(i * POLLFD_SIZE, true)
    if (fd < 0) files.push(undefined)
    else files.push(task.fds.find(fd)?.file ?? null)
  }
  return files
}

/** Stores every revents in `view`. @returns how many are not 0 */
function scan(view: DataView, files: Polled): number {
  let ready = 0
  for (let i = 0; i < files.length; i++) {
    const file = files[i]
    const events = view.getUint16(i * POLLFD_SIZE + 4, true)
    const found = file === undefined ? 0 : file === null ? POLLNVAL : readinessOf(file)
    const revents = found & (events | POLLERR | POLLHUP | POLLNVAL)
    view.setUint16(i * POLLFD_SIZE + 6, revents, true)
    if (revents !== 0) ready++
  }
  return ready
}

function watched(view: DataView, files: Polled): WatchedFile[] {
  const watches: WatchedFile[] = []
  for (let i = 0; i < files.length; i++) {
    const file = files[i]
    if (file) watches.push({file, events: view.getUint16(i * POLLFD_SIZE + 4, true)})
  }
  return watches
}

/** Only the revents: another thread may be changing the rest. */
function writeResults(task: Task, address: number, view: DataView, count: number): void {
  for (let i = 0; i < count; i++) {
    const at = i * POLLFD_SIZE + 6
    task.memory.writeUint16(address + at, view.getUint16(at, true))
  }
}
