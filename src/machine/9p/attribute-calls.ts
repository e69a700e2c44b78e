// Tgetattr, Tsetattr: what stat(2) reports, and what chmod(2), chown(2), truncate(2) and utimensat(2) change.

import {EFBIG, Errno} from '../../abi/errno.ts'
import {PERMISSION_BITS} from '../../abi/file-mode.ts'
import {now} from '../../vfs/clock.ts'
import type {AttributeChanges} from '../../vfs/file.ts'
import {MAX_OFFSET} from '../../vfs/seek.ts'
import {
  GETATTR_BASIC,
  GETATTR_BTIME,
  SETATTR_ATIME,
  SETATTR_ATIME_SET,
  SETATTR_GID,
  SETATTR_MODE,
  SETATTR_MTIME,
  SETATTR_MTIME_SET,
  SETATTR_SIZE,
  SETATTR_UID,
} from './messages.ts'
import type {Request} from './request.ts'
import type {Call} from './session.ts'

/** All attributes, whichever were asked for. */
export const getattr: Call = ({fids, qids}, request, reply) => {
  const attributes = fids.get(request.uint32()).attributes()
  const {mode, uid, gid, nlink, rdev, size, blksize, blocks, atime, mtime, ctime, btime} = attributes
  reply.uint64(GETATTR_BASIC | GETATTR_BTIME)
  qids.write(reply, attributes)
  for (const each of [mode, uid, gid]) reply.uint32(each)
  for (const each of [nlink, rdev >>> 0, size, blksize, blocks]) reply.uint64(each)
  for (const each of [atime, mtime, ctime, btime]) reply.time(each)
  // Generation and data version: no file here has them.
  reply.uint64(0)
  reply.uint64(0)
}

/** The size comes first of the changes that cannot be undone: it fails most often. ctime changes by itself. */
export const setattr: Call = ({fids}, request) => {
  const fid = fids.get(request.uint32())
  fid.change(changesOf(request))
}

function changesOf(request: Request): AttributeChanges {
  const valid = request.uint32()
  const mode = request.uint32()
  const uid = request.uint32()
  const gid = request.uint32()
  const size = request.uint64()
  const atime = timeOf(request, valid & SETATTR_ATIME, valid & SETATTR_ATIME_SET)
  const mtime = timeOf(request, valid & SETATTR_MTIME, valid & SETATTR_MTIME_SET)
  if (valid & SETATTR_SIZE && size > MAX_OFFSET) throw new Errno(EFBIG)
  return {
    ...(valid & SETATTR_SIZE && {size}),
    ...(valid & SETATTR_UID && {uid}),
    ...(valid & SETATTR_GID && {gid}),
    ...(valid & SETATTR_MODE && {mode: mode & PERMISSION_BITS}),
    ...(atime && {atime}),
    ...(mtime && {mtime}),
  }
}

/** The bytes of a time that is not to be set mean nothing. */
function timeOf(request: Request, isWanted: number, isGiven: number): AttributeChanges['atime'] {
  if (isWanted && isGiven) return request.time()
  request.bytes(16)
  return isWanted ? now() : undefined
}
