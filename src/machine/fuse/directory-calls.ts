// READDIR, READDIRPLUS: list a directory; with PLUS, each entry is looked up, too.

import {Errno} from '../../abi/errno.ts'
import type {DirectoryEntry} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {INSPECT} from '../../vfs/path-policy.ts'
import {resolve} from '../../vfs/path-walk.ts'
import {type EntryFormat, listDirectory} from '../share/list-directory.ts'
import type {Reply} from './reply.ts'
import type {Request} from './request.ts'
import type {Call, Session} from './session.ts'

/** struct fuse_dirent without the name, struct fuse_entry_out. */
const DIRENT_BYTES = 24
const ENTRY_BYTES = 128
/** PLUS asks the host about each entry: a machine that wants more gets it in the next turn. */
const MOST_PLUS_BYTES = 64 << 10
const align = (bytes: number): number => (bytes + 7) & ~7

export const readdir: Call = (session, request, reply) => {
  const {dev} = session.nodeOf(request).file
  list(session, request, reply, reply.room, {
    leastBytes: DIRENT_BYTES,
    sizeOf: (nameLength) => align(DIRENT_BYTES + nameLength),
    put: (entry, next) => writeDirent(session, reply, dev, entry, next),
  })
}

export const readdirplus: Call = (session, request, reply) => {
  const {dev, location} = session.nodeOf(request).file
  list(session, request, reply, MOST_PLUS_BYTES, {
    leastBytes: ENTRY_BYTES + DIRENT_BYTES,
    sizeOf: (nameLength) => align(ENTRY_BYTES + DIRENT_BYTES + nameLength),
    put: (entry, next) => {
      writeFound(session, request, reply, location, entry.name)
      writeDirent(session, reply, dev, entry, next)
    },
  })
}

function list(session: Session, request: Request, reply: Reply, most: number, format: EntryFormat): void {
  const file = session.handles.get(request.uint64())
  const offset = request.uint64()
  const size = request.uint32()
  listDirectory(file, offset, Math.min(size, most, reply.room), format)
}

function writeDirent(
  session: Session,
  reply: Reply,
  dev: number,
  {name, ino, type}: DirectoryEntry,
  next: number,
): void {
  session.writeNumber(reply, dev, ino)
  reply.uint64(next)
  reply.uint32(name.length)
  reply.uint32(type)
  reply.latin1(name)
  reply.zeroes(align(name.length) - name.length)
}

/** Lists an entry without attributes if its lookup fails: the machine's kernel looks it up when needed. `.` and `..` it knows already. */
function writeFound(
  session: Session,
  request: Request,
  reply: Reply,
  directory: Location,
  name: string,
): void {
  if (name === '.' || name === '..') {
    session.writeNoEntry(reply)
    return
  }
  try {
    session.writeEntry(reply, resolve(session.contextOf(request), directory, name, false, INSPECT))
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    session.writeNoEntry(reply)
  }
}
