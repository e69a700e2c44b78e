// OPEN, OPENDIR, CREATE, RELEASE, READ, WRITE, FSYNC, FALLOCATE: open files, and their contents.

import {EFBIG, EINVAL, Errno} from '../../abi/errno.ts'
import {O_ACCMODE, O_APPEND, O_DIRECTORY, O_EXCL, O_NOATIME, O_TRUNC} from '../../abi/open-flags.ts'
import {MAX_OFFSET} from '../../vfs/seek.ts'
import {UNFINISHED} from '../../vfs/unfinished.ts'
import {createFile, openFile} from '../share/open-file.ts'
import {WRITE_CACHE} from './messages.ts'
import type {Reply} from './reply.ts'
import type {Request} from './request.ts'
import type {Call, Session} from './session.ts'

/** The flags with the same numbers on each architecture: nothing says which one the machine has. */
const KNOWN_FLAGS = O_ACCMODE | O_APPEND | O_EXCL | O_NOATIME | O_TRUNC

export const open: Call = (session, request, reply) => openNode(session, request, reply, 0)

export const opendir: Call = (session, request, reply) => openNode(session, request, reply, O_DIRECTORY)

function openNode(session: Session, request: Request, reply: Reply, more: number): void {
  const {file} = session.nodeOf(request)
  const flags = (request.uint32() & KNOWN_FLAGS) | more
  session.handles.requireRoom()
  file.attributes()
  const opened = openFile(session.contextOf(request), file.location, flags)
  writeHandle(reply, session.handles.add(opened))
}

export const create: Call = (session, request, reply) => {
  const {location: directory} = session.nodeOf(request)
  const flags = request.uint32() & KNOWN_FLAGS
  const mode = request.uint32()
  // The umask, and OPEN's flags.
  request.skip(8)
  const name = request.name()
  session.handles.requireRoom()
  session.nodes.requireRoom()
  const {file, location} = createFile(session.contextOf(request), directory, name, flags, mode)
  try {
    session.writeEntry(reply, location)
  } catch (error) {
    file.close()
    throw error
  }
  writeHandle(reply, session.handles.add(file))
}

/** struct fuse_open_out. No flags: what the machine has read of the file before is read again. */
function writeHandle(reply: Reply, handle: number): void {
  reply.uint64(handle)
  reply.uint64(0)
}

export const release: Call = ({handles}, request) => handles.close(request.uint64())

export const read: Call = ({handles}, request, reply) => {
  const file = handles.get(request.uint64())
  const offset = request.uint64()
  const size = request.uint32()
  // Past the end of any file.
  if (offset <= MAX_OFFSET) reply.fill(size, (target) => file.read(target, offset))
}

export const write: Call = ({handles}, request, reply) => {
  const file = handles.get(request.uint64())
  const offset = request.uint64()
  const size = request.uint32()
  const writeFlags = request.uint32()
  // The lock owner.
  request.skip(8)
  const flags = request.uint32()
  request.skip(4)
  const bytes = request.bytes(size)
  if (offset > MAX_OFFSET - size) throw new Errno(EFBIG)
  // fcntl(2) changes O_APPEND unannounced; a page of a mapping has its fixed place, whoever has the file open.
  const appends = (flags & O_APPEND) !== 0 && (writeFlags & WRITE_CACHE) === 0
  file.flags = (file.flags & ~O_APPEND) | (appends ? O_APPEND : 0)
  reply.uint32(file.write(bytes, offset))
  reply.uint32(0)
}

export const fsync: Call = ({handles}, request) => handles.get(request.uint64()).sync()

/** @throws UnfinishedError: long work is done in parts */
export const fallocate: Call = ({handles}, request) => {
  const file = handles.get(request.uint64())
  const offset = request.uint64()
  const length = request.uint64()
  const mode = request.uint32()
  if (length === 0) throw new Errno(EINVAL)
  if (offset > MAX_OFFSET || length > MAX_OFFSET - offset) throw new Errno(EFBIG)
  request.done += file.allocate(mode, offset + request.done, length - request.done)
  if (request.done < length) throw UNFINISHED
}
