// GETATTR, SETATTR, ACCESS: what stat(2) reports, and what chmod(2), chown(2), truncate(2) and utimensat(2) change.

import {EFBIG, Errno} from '../../abi/errno.ts'
import {PERMISSION_BITS} from '../../abi/file-mode.ts'
import {now} from '../../vfs/clock.ts'
import type {AttributeChanges, Time} from '../../vfs/file.ts'
import {MAX_OFFSET} from '../../vfs/seek.ts'
import {
  FATTR_ATIME,
  FATTR_ATIME_NOW,
  FATTR_GID,
  FATTR_MODE,
  FATTR_MTIME,
  FATTR_MTIME_NOW,
  FATTR_SIZE,
  FATTR_UID,
} from './messages.ts'
import {type Request, timeOf} from './request.ts'
import type {Call} from './session.ts'

/** Answers for the file, whether the machine has it open or not. */
export const getattr: Call = (session, request, reply) => {
  session.writeAttributes(reply, session.nodeOf(request).file.attributes())
}

/** ctime changes by itself. */
export const setattr: Call = (session, request, reply) => {
  const {file} = session.nodeOf(request)
  file.change(changesOf(request))
  session.writeAttributes(reply, file.attributes())
}

/** The machine's kernel checks permissions itself: with default_permissions, which its virtio-fs always uses, it does not ask. */
export const access: Call = (session, request) => {
  session.nodeOf(request).file.attributes()
}

/** struct fuse_setattr_in. */
function changesOf(request: Request): AttributeChanges {
  const valid = request.uint32()
  // Padding, and the handle: it does not matter which one the file is open by.
  request.skip(12)
  const size = request.uint64()
  request.skip(8)
  const [atimeS, mtimeS] = [request.seconds(), request.seconds()]
  request.skip(8)
  const [atimeNs, mtimeNs] = [request.uint32(), request.uint32()]
  request.skip(4)
  const mode = request.uint32()
  request.skip(4)
  const [uid, gid] = [request.uint32(), request.uint32()]
  if (valid & FATTR_SIZE && size > MAX_OFFSET) throw new Errno(EFBIG)
  const atime = chosen(valid & FATTR_ATIME, valid & FATTR_ATIME_NOW, atimeS, atimeNs)
  const mtime = chosen(valid & FATTR_MTIME, valid & FATTR_MTIME_NOW, mtimeS, mtimeNs)
  return {
    ...(valid & FATTR_SIZE && {size}),
    ...(valid & FATTR_UID && {uid}),
    ...(valid & FATTR_GID && {gid}),
    ...(valid & FATTR_MODE && {mode: mode & PERMISSION_BITS}),
    ...(atime && {atime}),
    ...(mtime && {mtime}),
  }
}

/** The fields of a time that is not to be set mean nothing. */
function chosen(isWanted: number, isNow: number, seconds: number, nanoseconds: number): Time | undefined {
  if (!isWanted) return undefined
  return isNow ? now() : timeOf(seconds, nanoseconds)
}
