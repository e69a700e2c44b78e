// Opening a file by its path, up to its descriptor: waits until a lease is given up, and for a fifo's other end.

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
import {invalidateBehind} from '../memory/invalidate.ts'

/** @param permissions of a file that is created @returns the descriptor, or BLOCKED */
export function openPathAt(
  task: Task,
  walk: PathContext,
  start: Location,
  path: string,
  flags: number,
  permissions: number,
): number {
  return openUnleased(task, walk, start, path, flags, () =>
    installOpened(task, openPath(walk, start, path, flags | O_LARGEFILE, permissions), flags),
  )
}

/** If the file has a lease, waits until the lease is given up, or fails at once. @param open called at once if there is no lease in the guest */
function openUnleased(
  task: Task,
  walk: PathContext,
  start: Location,
  path: string,
  flags: number,
  open: () => number,
): number {
  const {leases} = task.kernel
  if (leases.isEmpty || flags & O_PATH) return open()
  const isWrite = opensForWriting(flags) || (flags & O_TRUNC) !== 0
  if (!isWrite && !opensForReading(flags)) return open()
  const deadline = (): number | undefined => {
    try {
      const {inode} = resolve(walk, start, path, !(flags & O_NOFOLLOW))
      return leases.breakFor(inode, isWrite, task.kernel.monotonicNs())
    } catch (error) {
      // The open reports what is wrong with the path.
      if (error instanceof Errno) return undefined
      throw error
    }
  }
  const deadlineNs = deadline()
  if (deadlineNs === undefined) return open()
  if (flags & O_NONBLOCK) throw new Errno(EAGAIN)
  return task.block({
    queues: [leases.changes],
    deadlineNs,
    restart: 'sa-restart',
    retry: () => (deadline() === undefined ? open() : BLOCKED),
  })
}

/** Gives an opened file its descriptor, once the open is complete: a fifo waits for its other end. */
function installOpened(task: Task, {file, location}: OpenResult, flags: number): number {
  if ((flags & (O_TRUNC | O_PATH)) === O_TRUNC)
    invalidateBehind(task.kernel.processes.values(), file.inode, 0)
  if (file.isOpenComplete === undefined || file.isOpenComplete())
    return install(task, {file, location}, flags)

  let isHalfOpen = true
  return task.block({
    queues: file.waiters === undefined ? [] : [file.waiters],
    // Linux would restart it after a handler with SA_RESTART; the half-open fifo would have to be closed for that.
    restart: 'never',
    retry: () => {
      if (!file.isOpenComplete!()) return BLOCKED
      isHalfOpen = false
      tell(file.inode, IN_OPEN, location)
      return install(task, {file, location}, flags)
    },
    // Through a signal, or the task's end: other openers see it go.
    ended: () => {
      if (isHalfOpen) file.close()
    },
  })
}

function install(task: Task, {file, location}: OpenResult, flags: number): number {
  const fd = task.fds.install(file, flags, location)
  task.fds.description(fd).opener = task.credentials
  return fd
}
