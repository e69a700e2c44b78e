// Tmkdir, Tmknod, Tsymlink, Treadlink, Tlink, Trename, Trenameat, Tunlinkat, Tremove: makes, moves and removes names.

import {EBUSY, EINVAL, ENAMETOOLONG, ENOENT, Errno} from '../../abi/errno.ts'
import {makeDev, S_IFDIR} from '../../abi/file-mode.ts'
import {attempt} from '../../errors.ts'
import type {ByteString, Inode} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {locateDirectory} from '../../vfs/mount-tree.ts'
import * as names from '../../vfs/names.ts'
import {PATH_MAX} from '../../vfs/path-walk.ts'
import type {Fid} from './fids.ts'
import {UNLINK_DIRECTORY} from './messages.ts'
import {type Call, contextOf} from './session.ts'

const MAX_MAJOR = 0xfff
const MAX_MINOR = 0xf_ffff

export const mkdir: Call = ({fids, qids}, request, reply) => {
  const fid = fids.get(request.uint32())
  const name = request.name()
  const mode = request.uint32()
  const made = names.makeDirectory(contextOf(fid, request.uint32()), fid.location, name, mode)
  qids.write(reply, made.attributes())
}

export const mknod: Call = ({fids, qids}, request, reply) => {
  const fid = fids.get(request.uint32())
  const name = request.name()
  const mode = request.uint32()
  const major = request.uint32()
  const minor = request.uint32()
  if (major > MAX_MAJOR || minor > MAX_MINOR) throw new Errno(EINVAL)
  const context = contextOf(fid, request.uint32())
  const made = names.makeNode(context, fid.location, name, mode, makeDev(major, minor) >>> 0)
  qids.write(reply, made.attributes())
}

/** The target is text: the machine resolves it. */
export const symlink: Call = ({fids, qids}, request, reply) => {
  const fid = fids.get(request.uint32())
  const name = request.name()
  const target = request.text()
  if (target.length >= PATH_MAX) throw new Errno(ENAMETOOLONG)
  if (target.includes('\0')) throw new Errno(EINVAL)
  const made = names.makeSymlink(contextOf(fid, request.uint32()), target, fid.location, name)
  qids.write(reply, made.attributes())
}

export const readlink: Call = ({fids}, request, reply) => {
  reply.text(fids.get(request.uint32()).location.inode.readlink())
}

export const link: Call = ({fids}, request) => {
  const directory = fids.get(request.uint32())
  const fid = fids.get(request.uint32())
  fid.attributes()
  names.makeLink(contextOf(directory), fid.location, directory.location, request.name())
}

export const rename: Call = ({fids}, request) => {
  const fid = fids.get(request.uint32())
  const directory = fids.get(request.uint32())
  const newName = request.name()
  const {parent, name} = nameOf(fid)
  names.renamePath(contextOf(fid), parent, name, directory.location, newName)
}

export const renameat: Call = ({fids}, request) => {
  const from = fids.get(request.uint32())
  const oldName = request.name()
  const to = fids.get(request.uint32())
  names.renamePath(contextOf(from), from.location, oldName, to.location, request.name())
}

export const unlinkat: Call = ({fids}, request) => {
  const fid = fids.get(request.uint32())
  const name = request.name()
  const flags = request.uint32()
  if (flags & ~UNLINK_DIRECTORY) throw new Errno(EINVAL)
  const remove = flags & UNLINK_DIRECTORY ? names.removeDirectory : names.unlinkPath
  remove(contextOf(fid), fid.location, name)
}

/** The fid goes, even if its file stays. */
export const remove: Call = ({fids}, request) => {
  const number = request.uint32()
  const fid = fids.get(number)
  try {
    const {parent, name} = nameOf(fid)
    const take = fid.location.inode.kind === S_IFDIR ? names.removeDirectory : names.unlinkPath
    take(contextOf(fid), parent, name)
  } finally {
    fids.remove(number)
  }
}

/** The name under which its file is found now. @throws Errno ENOENT when it has none, EBUSY for a root */
function nameOf({location}: Fid): {parent: Location; name: ByteString} {
  const {inode, mount, parent, name} = location
  if (inode === mount.top.inode) throw new Errno(EBUSY)
  if (parent !== undefined && leadsTo(parent.inode, name, inode)) return {parent, name}
  const place = inode.place()
  if (place === undefined || !leadsTo(place.directory, place.name, inode)) throw new Errno(ENOENT)
  return {parent: locateDirectory(mount, place.directory), name: place.name}
}

function leadsTo(directory: Inode, name: ByteString, inode: Inode): boolean {
  return attempt(() => directory.lookup(name)) === inode
}
