// fcntl(2), record locks: F_GETLK, F_SETLK, F_SETLKW, and those of file descriptions (F_OFD_*).

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EAGAIN, EBADF, EDEADLK, EINVAL, EOVERFLOW, Errno} from '../../abi/errno.ts'
import {
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_RDLCK,
  F_SETLKW,
  F_UNLCK,
  F_WRLCK,
  FLOCK_SIZE,
} from '../../abi/fcntl.ts'
import {SEEK_CUR, SEEK_END, SEEK_SET} from '../../abi/open-flags.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {type FileLocks, isLockType, type RecordLock} from '../../vfs/file-locks.ts'
import type {Kernel} from '../core/kernel.ts'
import type {OpenDescription} from '../core/open-description.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {type Continuation, continuation, type Wait} from '../core/wait.ts'
import {openFile} from './descriptor-argument.ts'

/** MAX_DEADLK_ITERATIONS of fs/locks.c: Linux follows no longer chain either. */
const MAX_DEADLOCK_STEPS = 10

/** @param command F_GETLK or F_OFD_GETLK. Answers in the guest's struct flock. */
export function getLock(task: Task, fd: number, command: number, address: number): number {
  const file = openFile(task, fd)
  const bytes = task.memory.readBytes(address, FLOCK_SIZE)
  const words = new DataView(bytes.buffer, bytes.byteOffset)
  const wanted = decode(task, fd, file, words, command === F_OFD_GETLK)
  if (wanted.type === F_UNLCK) throw new Errno(EINVAL)

  const found = task.kernel.fileLocks.conflict(file, wanted)
  if (found === undefined) {
    words.setInt16(0, F_UNLCK, true)
  } else {
    words.setInt16(0, found.type, true)
    words.setInt16(2, SEEK_SET, true)
    words.setBigInt64(8, BigInt(found.start), true)
    words.setBigInt64(16, found.end === Number.POSITIVE_INFINITY ? 0n : BigInt(found.end - found.start), true)
    words.setInt32(24, found.pid, true)
  }
  task.memory.writeBytes(address, bytes)
  return 0
}

/** @param command F_SETLK, F_SETLKW, F_OFD_SETLK or F_OFD_SETLKW */
export function setLock(task: Task, fd: number, command: number, address: number): number {
  const file = openFile(task, fd)
  const ofDescription = command === F_OFD_SETLK || command === F_OFD_SETLKW
  const bytes = task.memory.readBytes(address, FLOCK_SIZE)
  const wanted = decode(task, fd, file, new DataView(bytes.buffer, bytes.byteOffset), ofDescription)
  if (wanted.type === F_RDLCK && !opensForReading(file.flags)) throw new Errno(EBADF)
  if (wanted.type === F_WRLCK && !opensForWriting(file.flags)) throw new Errno(EBADF)

  const description = task.fds.description(fd)
  const locks = task.kernel.fileLocks.of(file.inode)
  const recordLock = {locks, wanted}
  const progress: RecordLockWait = {
    ...{locks, file, delayNs: FIRST_RETRY_NS, wanted, fd, description, command},
    ...(!ofDescription && {recordLock}),
  }
  releaseOnClose(task, fd, ofDescription)
  if (setRecordLock(task, progress) === 0) return 0
  if (command !== F_SETLKW && command !== F_OFD_SETLKW) throw new Errno(EAGAIN)
  return waitForLock(task, recordLocking, progress)
}

interface RecordLockWait extends LockWait {
  readonly wanted: RecordLock
  readonly fd: number
  readonly description: OpenDescription
  readonly command: number
}

const recordLocking = lockContinuation('record-lock', setRecordLock)

function setRecordLock(task: Task, {locks, file, wanted, fd, description, command}: RecordLockWait): number {
  const sets = wanted.type !== F_UNLCK
  if (sets) locks.useHost(file)
  const blocker = sets ? locks.conflict(wanted) : undefined
  if (blocker === undefined && locks.set(wanted)) {
    // While this waited, another thread closed the descriptor: no close would end the lock (fcntl_setlk in Linux).
    const isLate = sets && wanted.owner === task.fds && task.fds.find(fd) !== description
    if (isLate) locks.set({...wanted, type: F_UNLCK})
    task.kernel.fileLocks.forgetIdle(file.inode)
    if (isLate) throw new Errno(EBADF)
    return 0
  }
  if (command === F_SETLKW && wouldDeadlock(task, wanted, blocker)) throw new Errno(EDEADLK)
  return BLOCKED
}

export const FIRST_RETRY_NS = 1_000_000
const LAST_RETRY_NS = 256_000_000

/** What a call needs that waits for a lock. */
export interface LockWait extends Pick<Wait, 'recordLock'> {
  readonly locks: FileLocks
  readonly file: FileDescription
  /** Until the next try, if the file is the host's. Nothing reports the end of a lock there: it is tried at growing intervals. */
  delayNs: number
}

/** @param attempt 0: it has the lock */
export function lockContinuation<Progress extends LockWait>(
  name: string,
  attempt: (task: Task, progress: Progress) => number,
): Continuation<Progress> {
  const next = continuation<Progress>({
    name,
    resume: (task, progress): number => {
      if (attempt(task, progress) === 0) return 0
      if (progress.file.openHostLocks === undefined) return BLOCKED
      progress.delayNs = Math.min(2 * progress.delayNs, LAST_RETRY_NS)
      return waitForLock(task, next, progress)
    },
  })
  return next
}

export function waitForLock<Progress extends LockWait>(
  task: Task,
  next: Continuation<Progress>,
  progress: Progress,
): number {
  const {locks, file, delayNs, recordLock} = progress
  return task.block({
    queues: [locks.released],
    ...(file.openHostLocks !== undefined && {deadlineNs: task.kernel.monotonicNs() + delayNs}),
    restart: 'sa-restart',
    ...(recordLock && {recordLock}),
    ...{next, progress},
  })
}

/** Whether the blocker waits, maybe through others, for the very process that would wait now. Only locks of processes count. */
function wouldDeadlock({kernel}: Task, wanted: RecordLock, blocker: RecordLock | undefined): boolean {
  let holder = blocker
  for (let steps = 0; holder !== undefined && steps < MAX_DEADLOCK_STEPS; steps++) {
    if (holder.owner === wanted.owner) return true
    holder = blockerOf(kernel, holder.owner)
  }
  return false
}

function blockerOf({tasks}: Kernel, owner: RecordLock['owner']): RecordLock | undefined {
  for (const {wait} of tasks.values()) {
    const {locks, wanted} = wait?.recordLock ?? {}
    if (wanted?.owner === owner) return locks?.conflict(wanted)
  }
  return undefined
}

/** Any close of a descriptor of the file ends the process's record locks; the last one ends its description's. */
function releaseOnClose(task: Task, fd: number, ofDescription: boolean): void {
  const {fds} = task
  const {fileLocks} = task.kernel
  const description = fds.description(fd)
  if (ofDescription) description.onLastClose(fileLocks)
  else fds.recordLocks = fileLocks
}

function decode(
  task: Task,
  fd: number,
  file: FileDescription,
  words: DataView,
  ofDescription: boolean,
): RecordLock {
  const type = words.getInt16(0, true)
  const pid = words.getInt32(24, true)
  if (!isLockType(type) || (ofDescription && pid !== 0)) throw new Errno(EINVAL)
  const [start, end] = range(file, words)
  return {
    owner: ofDescription ? task.fds.description(fd) : task.fds,
    type,
    start,
    end,
    pid: ofDescription ? -1 : task.process.pid,
  }
}

/** fs/locks.c, flock64_to_posix_lock: a negative length is the range before `start`. */
function range(file: FileDescription, words: DataView): [start: number, end: number] {
  const base = origin(file, words.getInt16(2, true))
  const start = base + Number(words.getBigInt64(8, true))
  const length = Number(words.getBigInt64(16, true))
  if (start > Number.MAX_SAFE_INTEGER) throw new Errno(EOVERFLOW)
  if (start < 0 || start + Math.min(length, 0) < 0) throw new Errno(EINVAL)
  if (length < 0) return [start + length, start]
  // The last possible byte stands for the end of the file, wherever it is.
  if (length === 0 || start + length > Number.MAX_SAFE_INTEGER) return [start, Number.POSITIVE_INFINITY]
  return [start, start + length]
}

function origin(file: FileDescription, whence: number): number {
  if (whence === SEEK_SET) return 0
  if (whence === SEEK_CUR) return file.position
  if (whence === SEEK_END) return file.inode.attributes().size
  throw new Errno(EINVAL)
}
