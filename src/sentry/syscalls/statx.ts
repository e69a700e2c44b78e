// statx(2).

import {AT_EMPTY_PATH, AT_NO_AUTOMOUNT, AT_STATX_SYNC_TYPE, AT_SYMLINK_NOFOLLOW} from '../../abi/at-flags.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {encodeStatx, STATX__RESERVED, STATX_MNT_ID, STATX_MNT_ID_UNIQUE, STATX_SIZE} from '../../abi/stat.ts'
import type {Syscall} from '../core/syscall.ts'
import {locateTarget} from '../fd/path-argument.ts'

const STATX_FLAGS = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE

export const statx: Syscall = (task, args) => {
  const dirfd = args.int32(0)
  const flags = args.uint32(2)
  if (flags & ~STATX_FLAGS || (flags & AT_STATX_SYNC_TYPE) === AT_STATX_SYNC_TYPE) throw new Errno(EINVAL)
  if ((args.uint32(3) & STATX__RESERVED) !== 0) throw new Errno(EINVAL)

  const {inode, mount} = locateTarget(task, dirfd, args.address(1), flags)
  // No mount number is ever reused, so both kinds are the same.
  const idBit = args.uint32(3) & STATX_MNT_ID_UNIQUE || STATX_MNT_ID
  const buffer = new Uint8Array(STATX_SIZE)
  encodeStatx(new DataView(buffer.buffer), inode.attributes(), {
    id: mount?.id ?? 0,
    idBit,
    isRoot: inode === mount?.top.inode,
  })
  task.memory.writeBytes(args.address(4), buffer)
  return 0
}
