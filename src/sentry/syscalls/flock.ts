// flock(2).

import {opensForReading, opensForWriting} from '../../abi/access-mode.ts'
import {EAGAIN, EBADF, EINVAL, Errno} from '../../abi/errno.ts'
import {LOCK_EX, LOCK_MAND, LOCK_NB, LOCK_SH, LOCK_UN} from '../../abi/fcntl.ts'
import type {OpenDescription} from '../core/open-description.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {FIRST_RETRY_NS, type LockWait, lockContinuation, waitForLock} from '../fd/fcntl-locks.ts'

export const flock: Syscall = (task, args) => {
  const fd = args.int32(0)
  const operation = args.uint32(1)
  // Linux no longer has mandatory locks, but still accepts the requests.
  if (operation & LOCK_MAND) return 0
  const kind = operation & ~LOCK_NB
  if (kind !== LOCK_SH && kind !== LOCK_EX && kind !== LOCK_UN) throw new Errno(EINVAL)
  const file = openFile(task, fd)
  const {inode, flags} = file
  const description = task.fds.description(fd)
  const {fileLocks} = task.kernel
  if (kind === LOCK_UN) {
    fileLocks.of(inode).unflock(description)
    fileLocks.forgetIdle(inode)
    return 0
  }

  if (!opensForReading(flags) && !opensForWriting(flags)) throw new Errno(EBADF)
  description.onLastClose(fileLocks)
  const isExclusive = kind === LOCK_EX
  const progress = {locks: fileLocks.of(inode), file, delayNs: FIRST_RETRY_NS, description, isExclusive}
  if (tryFlock(task, progress) === 0) return 0
  if (operation & LOCK_NB) throw new Errno(EAGAIN)
  return waitForLock(task, flocking, progress)
}

interface FlockWait extends LockWait {
  readonly description: OpenDescription
  readonly isExclusive: boolean
}

const flocking = lockContinuation('flock', tryFlock)

function tryFlock(_task: Task, {locks, file, description, isExclusive}: FlockWait): number {
  locks.useHost(file)
  return locks.tryFlock(description, isExclusive) ? 0 : BLOCKED
}
