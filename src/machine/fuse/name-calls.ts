// LOOKUP, MKNOD, MKDIR, SYMLINK, READLINK, LINK, UNLINK, RMDIR, RENAME, RENAME2: finds, makes, moves and removes names.

import {ENAMETOOLONG, Errno} from '../../abi/errno.ts'
import {childLocation} from '../../vfs/mount-tree.ts'
import * as names from '../../vfs/names.ts'
import {INSPECT} from '../../vfs/path-policy.ts'
import {PATH_MAX, resolve} from '../../vfs/path-walk.ts'
import type {Request} from './request.ts'
import type {Call, Session} from './session.ts'

/** A link is not followed: the machine reads it, and walks on by itself. */
export const lookup: Call = (session, request, reply) => {
  const {location} = session.nodeOf(request)
  session.writeEntry(reply, resolve(session.contextOf(request), location, request.name(), false, INSPECT))
}

export const mknod: Call = (session, request, reply) => {
  const {location} = session.nodeOf(request)
  const mode = request.uint32()
  const device = request.uint32()
  // The umask, and padding.
  request.skip(8)
  const name = request.name()
  session.nodes.requireRoom()
  const made = names.makeNode(session.contextOf(request), location, name, mode, device)
  session.writeEntry(reply, childLocation(location, name, made))
}

export const mkdir: Call = (session, request, reply) => {
  const {location} = session.nodeOf(request)
  const mode = request.uint32()
  request.skip(4)
  const name = request.name()
  session.nodes.requireRoom()
  const made = names.makeDirectory(session.contextOf(request), location, name, mode)
  session.writeEntry(reply, childLocation(location, name, made))
}

/** The target is text: the machine resolves it. */
export const symlink: Call = (session, request, reply) => {
  const {location} = session.nodeOf(request)
  const name = request.name()
  const target = request.text()
  if (target.length >= PATH_MAX) throw new Errno(ENAMETOOLONG)
  session.nodes.requireRoom()
  const made = names.makeSymlink(session.contextOf(request), target, location, name)
  session.writeEntry(reply, childLocation(location, name, made))
}

export const readlink: Call = (session, request, reply) => {
  reply.latin1(session.nodeOf(request).location.inode.readlink())
}

export const link: Call = (session, request, reply) => {
  const {location} = session.nodeOf(request)
  const {file} = session.nodes.get(request.uint64())
  const name = request.name()
  file.attributes()
  const context = session.contextOf(request)
  names.makeLink(context, file.location, location, name)
  session.writeEntry(reply, resolve(context, location, name, false, INSPECT))
}

export const unlink: Call = (session, request) => {
  names.unlinkPath(session.contextOf(request), session.nodeOf(request).location, request.name())
}

export const rmdir: Call = (session, request) => {
  names.removeDirectory(session.contextOf(request), session.nodeOf(request).location, request.name())
}

export const rename: Call = (session, request) => move(session, request, request.uint64(), 0)

export const rename2: Call = (session, request) => {
  const newDirectory = request.uint64()
  const flags = request.uint32()
  request.skip(4)
  move(session, request, newDirectory, flags)
}

/** @param flags as renameat2(2)'s. A flag that the vfs does not know is EINVAL */
function move(session: Session, request: Request, newDirectory: number, flags: number): void {
  const from = session.nodeOf(request).location
  const to = session.nodes.get(newDirectory).location
  const oldName = request.name()
  names.renamePath(session.contextOf(request), from, oldName, to, request.name(), flags)
}
