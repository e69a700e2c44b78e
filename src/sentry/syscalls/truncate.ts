// truncate(2), ftruncate(2).

import {opensForWriting} from '../../abi/access-mode.ts'
import {AT_FDCWD} from '../../abi/at-flags.ts'
import {EINVAL, EISDIR, Errno} from '../../abi/errno.ts'
import {MAY_WRITE, S_IFDIR, S_IFREG} from '../../abi/file-mode.ts'
import {IN_MODIFY} from '../../abi/inotify.ts'
import {WRITE} from '../../vfs/path-policy.ts'
import {checkAccess} from '../../vfs/permissions.ts'
import {clearSetId} from '../../vfs/set-id-bits.ts'
import {requireNotExecuted} from '../../vfs/text-busy.ts'
import {tellChange} from '../../vfs/watchers.ts'
import type {Syscall} from '../core/syscall.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {checkMountWritable, locate, readPath} from '../fd/path-argument.ts'
import {checkFileSize} from '../fd/transfer-limits.ts'
import {invalidateBehind} from '../memory/invalidate.ts'

export const truncate: Syscall = (task, args) => {
  const length = args.int64(1)
  if (length < 0) throw new Errno(EINVAL)
  const location = locate(task, AT_FDCWD, readPath(task, args.address(0)), true, WRITE)
  const {inode} = location
  if (inode.kind === S_IFDIR) throw new Errno(EISDIR)
  if (inode.kind !== S_IFREG) throw new Errno(EINVAL)
  checkAccess(inode, MAY_WRITE, task.credentials)
  checkMountWritable(location)
  requireNotExecuted(inode)
  checkFileSize(task, inode, length)
  inode.setAttributes({size: length})
  clearSetId(task.credentials, inode)
  tellChange(inode, IN_MODIFY, location)
  invalidateBehind(task.kernel.processes.values(), inode, length)
  return 0
}

export const ftruncate: Syscall = (task, args) => {
  const length = args.int64(1)
  if (length < 0) throw new Errno(EINVAL)
  const file = openFile(task, args.int32(0))
  if (file.inode.kind !== S_IFREG) throw new Errno(EINVAL)
  if (!opensForWriting(file.flags)) throw new Errno(EINVAL)
  checkFileSize(task, file.inode, length)
  clearSetId(task.credentials, file.inode)
  file.truncate(length)
  tellChange(file.inode, IN_MODIFY, file.openedAt)
  invalidateBehind(task.kernel.processes.values(), file.inode, length)
  return 0
}
