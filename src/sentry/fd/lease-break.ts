// An open or truncation of a file with a lease: it waits until the lease is given up, or fails at once.

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EAGAIN, Errno} from '../../abi/errno.ts'
import {O_NOFOLLOW, O_NONBLOCK, O_PATH, O_TRUNC} from '../../abi/open-flags.ts'
import type {Location} from '../../vfs/location.ts'
import {type PathContext, resolve} from '../../vfs/path-walk.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'

/** @param open does the open; called at once if there is no lease in the guest */
export function openUnleased(
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
