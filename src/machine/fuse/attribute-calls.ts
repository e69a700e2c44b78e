// GETATTR, SETATTR, ACCESS: what stat(2) reports, and what chmod(2), chown(2), truncate(2) and utimensat(2) change.

import {attributeChanges, type WantedAttributes} from '../share/attribute-changes.ts'
import type {Request} from './request.ts'
import type {Call} from './session.ts'

/** Answers for the file, whether the machine has it open or not. */
export const getattr: Call = (session, request, reply) => {
  session.writeAttributes(reply, session.nodeOf(request).file.attributes())
}

/** ctime changes by itself. */
export const setattr: Call = (session, request, reply) => {
  const {file} = session.nodeOf(request)
  file.change(attributeChanges(readWanted(request)))
  session.writeAttributes(reply, file.attributes())
}

/** The machine's kernel checks permissions itself: with default_permissions, which its virtio-fs always uses, it does not ask. */
export const access: Call = (session, request) => {
  session.nodeOf(request).file.attributes()
}

/** struct fuse_setattr_in. */
function readWanted(request: Request): WantedAttributes {
  const valid = request.uint32()
  // Padding, and the handle: it does not matter which one the file is open by.
  request.skip(12)
  const size = request.uint64()
  request.skip(8)
  const [atimeS, mtimeS] = [request.int64(), request.int64()]
  request.skip(8)
  const atime = {seconds: atimeS, nanoseconds: request.uint32()}
  const mtime = {seconds: mtimeS, nanoseconds: request.uint32()}
  request.skip(4)
  const mode = request.uint32()
  request.skip(4)
  const [uid, gid] = [request.uint32(), request.uint32()]
  return {valid, now: valid, mode, uid, gid, size, atime, mtime}
}
