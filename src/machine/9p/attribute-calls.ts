// Tgetattr, Tsetattr: what stat(2) reports, and what chmod(2), chown(2), truncate(2) and utimensat(2) change.

import type {Time} from '../../vfs/file.ts'
import {attributeChanges, type WantedAttributes} from '../share/attribute-changes.ts'
import {GETATTR_BASIC, GETATTR_BTIME} from './messages.ts'
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
  fids.get(request.uint32()).change(attributeChanges(readWanted(request)))
}

function readWanted(request: Request): WantedAttributes {
  const valid = request.uint32()
  const [mode, uid, gid] = [request.uint32(), request.uint32(), request.uint32()]
  const size = request.uint64()
  const time = (): Time => ({seconds: request.int64(), nanoseconds: request.uint64()})
  return {valid, now: ~valid, mode, uid, gid, size, atime: time(), mtime: time()}
}
