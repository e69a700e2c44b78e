// stat(2), fstat(2), lstat(2), newfstatat(2).

import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_NO_AUTOMOUNT,
  AT_STATX_SYNC_TYPE,
  AT_SYMLINK_NOFOLLOW,
} from '../../abi/at-flags.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {encodeStat} from '../../abi/stat.ts'
import {arch} from '../../arch/index.ts'
import type {Inode} from '../../vfs/file.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {locateTarget} from '../fd/path-argument.ts'

const STAT_FLAGS = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE

export const stat: Syscall = (task, args) =>
  writeStat(task, args.address(1), locateTarget(task, AT_FDCWD, args.address(0), 0).inode)

export const lstat: Syscall = (task, args) =>
  writeStat(task, args.address(1), locateTarget(task, AT_FDCWD, args.address(0), AT_SYMLINK_NOFOLLOW).inode)

export const fstat: Syscall = (task, args) =>
  writeStat(task, args.address(1), task.fds.get(args.int32(0)).inode)

export const newfstatat: Syscall = (task, args) => {
  const flags = args.uint32(3)
  if (flags & ~STAT_FLAGS) throw new Errno(EINVAL)
  return writeStat(task, args.address(2), locateTarget(task, args.int32(0), args.address(1), flags).inode)
}

const layout = arch.kernelAbi.stat
const buffer = new Uint8Array(layout.size)
const view = new DataView(buffer.buffer)

function writeStat(task: Task, address: number, inode: Inode): number {
  encodeStat(view, inode.attributes(), layout)
  task.memory.writeBytes(address, buffer)
  return 0
}
