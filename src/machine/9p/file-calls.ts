// Tlopen, Tlcreate, Tread, Twrite, Treaddir, Tfsync, Tstatfs, Txattrwalk, Txattrcreate: what is in files and directories.

import {EFBIG, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import {FileDescription} from '../../vfs/file-description.ts'
import {MAX_OFFSET} from '../../vfs/seek.ts'
import {listDirectory} from '../share/list-directory.ts'
import {createFile, openFile} from '../share/open-file.ts'
import {Fid} from './fids.ts'
import {type Call, contextOf} from './session.ts'

/** As much as fits in a message. */
const ANY_IO_UNIT = 0
/** qid[13] offset[8] type[1] name[s]. */
const ENTRY_BYTES = 24

export const lopen: Call = ({fids, qids}, request, reply) => {
  const fid = fids.unopened(request.uint32())
  const flags = request.uint32()
  fids.requireOpenable()
  const attributes = fid.attributes()
  fids.setOpen(fid, openFile(contextOf(fid), fid.location, flags))
  qids.write(reply, attributes)
  reply.uint32(ANY_IO_UNIT)
}

/** The directory's fid becomes the file's. */
export const lcreate: Call = ({fids, qids}, request, reply) => {
  const number = request.uint32()
  const fid = fids.unopened(number)
  const name = request.name()
  const flags = request.uint32()
  const mode = request.uint32()
  const context = contextOf(fid, request.uint32())
  fids.requireOpenable()
  const {file, location} = createFile(context, fid.location, name, flags, mode)
  try {
    const attributes = location.inode.attributes()
    qids.write(reply, attributes)
    const made = new Fid(fid.origin, location, attributes)
    fids.set(number, made)
    fids.setOpen(made, file)
  } catch (error) {
    file.close()
    throw error
  }
  reply.uint32(ANY_IO_UNIT)
}

export const read: Call = ({fids}, request, reply) => {
  const file = fids.file(request.uint32())
  const offset = request.uint64()
  const count = request.uint32()
  // Past the end of any file.
  reply.counted(offset > MAX_OFFSET ? 0 : count, (target) => file.read(target, offset))
}

export const write: Call = ({fids}, request, reply) => {
  const file = fids.file(request.uint32())
  const offset = request.uint64()
  const bytes = request.bytes(request.uint32())
  if (offset > MAX_OFFSET - bytes.length) throw new Errno(EFBIG)
  reply.uint32(file.write(bytes, offset))
}

export const readdir: Call = ({fids, qids}, request, reply) => {
  const file = fids.file(request.uint32())
  const offset = request.uint64()
  const most = request.uint32()
  const {dev} = file.inode.attributes()
  const countAt = reply.startCount()
  listDirectory(file, offset, Math.min(most, reply.room), {
    leastBytes: ENTRY_BYTES,
    sizeOf: (nameLength) => ENTRY_BYTES + nameLength,
    put({name, ino, type}, next) {
      qids.writeEntry(reply, type, dev, ino)
      reply.uint64(next)
      reply.uint8(type)
      reply.text(name)
    },
  })
  reply.endCount(countAt)
}

export const fsync: Call = ({fids}, request) => {
  fids.file(request.uint32()).sync()
}

export const statfs: Call = ({fids}, request, reply) => {
  const {mount, inode} = fids.get(request.uint32()).location
  const {magic, bsize, blocks, bfree, bavail, files, ffree, namelen} = mount.fs.statfs()
  reply.uint32(magic)
  reply.uint32(bsize)
  for (const each of [blocks, bfree, bavail, files, ffree, inode.fs.dev]) reply.uint64(each)
  reply.uint32(namelen)
}

/** No file has extended attributes: the list is empty, and the new fid is open for reading it. */
export const xattrwalk: Call = ({fids}, request, reply) => {
  const fid = fids.get(request.uint32())
  const newNumber = request.uint32()
  if (request.text() !== '') throw new Errno(EOPNOTSUPP)
  fids.requireFree(newNumber)
  fids.requireOpenable()
  const list = fid.copy()
  fids.set(newNumber, list)
  fids.setOpen(list, new EmptyListDescription(fid.location.inode, 0))
  reply.uint64(0)
}

export const xattrcreate: Call = ({fids}, request) => {
  fids.get(request.uint32())
  throw new Errno(EOPNOTSUPP)
}

class EmptyListDescription extends FileDescription {
  override read(): number {
    return 0
  }
}
