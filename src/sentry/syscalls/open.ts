// open(2), openat(2), creat(2).

import {AT_FDCWD} from '../../abi/at-flags.ts'
import {IN_OPEN} from '../../abi/inotify.ts'
import {O_CREAT, O_LARGEFILE, O_PATH, O_TRUNC, O_WRONLY} from '../../abi/open-flags.ts'
import {arch} from '../../arch/index.ts'
import {type Opened, openPath} from '../../vfs/open.ts'
import {tell} from '../../vfs/watchers.ts'
import {BLOCKED, type Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {openUnleased} from '../fd/lease-break.ts'
import {pathContext, readPath, startDirectory} from '../fd/path-argument.ts'
import {invalidateBehind} from '../memory/invalidate.ts'

const {openFlags} = arch.kernelAbi

export const open: Syscall = (task, args) =>
  openAt(task, AT_FDCWD, args.address(0), openFlags(args.int32(1)), args.uint32(2))

export const openat: Syscall = (task, args) =>
  openAt(task, args.int32(0), args.address(1), openFlags(args.int32(2)), args.uint32(3))

export const creat: Syscall = (task, args) =>
  openAt(task, AT_FDCWD, args.address(0), O_CREAT | O_WRONLY | O_TRUNC, args.uint32(1))

function openAt(task: Task, dirfd: number, pathAddress: number, flags: number, mode: number): number {
  const path = readPath(task, pathAddress)
  const start = startDirectory(task, dirfd, path)
  const permissions = mode & 0o7777 & ~task.fs.umask
  const walk = pathContext(task)
  return openUnleased(task, walk, start, path, flags, () =>
    installOpened(task, openPath(walk, start, path, flags | O_LARGEFILE, permissions), flags),
  )
}

/** Gives an opened file its descriptor, once the open is complete: a fifo waits for its other end. */
export function installOpened(task: Task, {file, location}: Opened, flags: number): number {
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

function install(task: Task, {file, location}: Opened, flags: number): number {
  const fd = task.fds.install(file, flags, location)
  task.fds.description(fd).opener = task.credentials
  return fd
}
