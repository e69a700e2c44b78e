// Opening a file by its path, up to its descriptor: waits until a lease is given up, and for the other end of a fifo.

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EAGAIN, Errno} from '../../abi/errno.ts'
import {IN_OPEN} from '../../abi/inotify.ts'
import {O_LARGEFILE, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_TRUNC} from '../../abi/open-flags.ts'
import type {Location} from '../../vfs/location.ts'
import {type OpenResult, openPath} from '../../vfs/open.ts'
import {type PathContext, resolve} from '../../vfs/path-walk.ts'
import {tell} from '../../vfs/watchers.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {continuation} from '../core/wait.ts'
import {invalidateBehind} from '../memory/invalidate.ts'

/** A file to be opened. */
export interface Opening {
  readonly walk: PathContext
  readonly start: Location
  readonly path: string
  readonly flags: number
  /** Of a file that is created. */
  readonly permissions: number
}

/** If the file has a lease, waits until the lease is given up, or fails at once. @returns the descriptor, or BLOCKED */
export function openPathAt(task: Task, opening: Opening): number {
  const {leases} = task.kernel
  const {flags} = opening
  if (leases.isEmpty || flags & O_PATH || !(opensForReading(flags) || isWrite(flags)))
    return open(task, opening)
  const deadlineNs = breakLease(task, opening)
  if (deadlineNs === undefined) return open(task, opening)
  if (flags & O_NONBLOCK) throw new Errno(EAGAIN)
  const queues = [leases.changes]
  return task.block({queues, deadlineNs, restart: 'sa-restart', next: awaitingLease, progress: opening})
}

const awaitingLease = continuation<Opening>({
  name: 'open-lease',
  resume: (task, opening) => (breakLease(task, opening) === undefined ? open(task, opening) : BLOCKED),
})

function isWrite(flags: number): boolean {
  return opensForWriting(flags) || (flags & O_TRUNC) !== 0
}

/** @returns when the lease ends that is in the way; undefined: there is none */
function breakLease({kernel}: Task, {walk, start, path, flags}: Opening): number | undefined {
  // The open reports what is wrong with the path.
  return unlessErrno(() => {
    const {inode} = resolve(walk, start, path, !(flags & O_NOFOLLOW))
    return kernel.leases.breakFor(inode, isWrite(flags), kernel.monotonicNs())
  })
}

/** Gives the file its descriptor once the open is complete: a fifo waits for its other end. */
function open(task: Task, {walk, start, path, flags, permissions}: Opening): number {
  const opened = openPath(walk, start, path, flags | O_LARGEFILE, permissions)
  const {file} = opened
  if ((flags & (O_TRUNC | O_PATH)) === O_TRUNC)
    invalidateBehind(task.kernel.processes.values(), file.inode, 0)
  if (file.isOpenComplete === undefined || file.isOpenComplete()) return install(task, opened, flags)
  return task.block({
    queues: file.waiters === undefined ? [] : [file.waiters],
    // Linux would restart it after a handler with SA_RESTART; the half-open fifo would have to be closed for that.
    restart: 'never',
    ...{next: openingFifo, progress: {opened, flags, isHalfOpen: true}},
  })
}

const openingFifo = continuation<{readonly opened: OpenResult; readonly flags: number; isHalfOpen: boolean}>({
  name: 'open-fifo',
  resume: (task, progress) => {
    const {opened, flags} = progress
    if (!opened.file.isOpenComplete!()) return BLOCKED
    progress.isHalfOpen = false
    tell(opened.file.inode, IN_OPEN, opened.location)
    return install(task, opened, flags)
  },
  // Through a signal, or the task's end: other openers see it go.
  ended: (_task, {opened, isHalfOpen}) => {
    if (isHalfOpen) opened.file.close()
  },
})

function install(task: Task, {file, location}: OpenResult, flags: number): number {
  const fd = task.fds.install(file, flags, location)
  task.fds.description(fd).opener = task.credentials
  return fd
}
