// bind(2) of UNIX sockets, and the socket of a name: man 7 unix, "Address format" and "Autobind feature".

import {EADDRINUSE, ECONNREFUSED, EEXIST, EINVAL, Errno} from '../../../abi/errno.ts'
import {MAY_WRITE, S_IFSOCK} from '../../../abi/file-mode.ts'
import type {ByteString, Inode} from '../../../vfs/file.ts'
import {makeNode, unlinkPath} from '../../../vfs/names.ts'
import {CONNECT} from '../../../vfs/path-policy.ts'
import {resolve} from '../../../vfs/path-walk.ts'
import {checkAccess} from '../../../vfs/permissions.ts'
import type {Task} from '../../core/task.ts'
import {pathContext} from '../../fd/path-argument.ts'
import {asksForAny, decodeAddress} from './address.ts'
import type {UnixSocket} from './unix-socket.ts'

/** @param mode of the inode of a path name @throws Errno EINVAL, EADDRINUSE … */
export function bindSocket(task: Task, socket: UnixSocket, address: Uint8Array, mode: number): void {
  const {names} = socket.family
  if (asksForAny(address)) {
    if (socket.address === undefined) names.bindAny(socket)
    return
  }
  const {kind, bytes} = decodeAddress(address)
  if (kind === 'path') {
    bindPath(task, socket, bytes, mode)
    return
  }
  if (socket.address !== undefined) throw new Errno(EINVAL)
  names.bindAbstract(socket, bytes)
}

/** Linux makes the inode before it checks whether the socket has a name. */
function bindPath(task: Task, socket: UnixSocket, path: ByteString, mode: number): void {
  const context = pathContext(task)
  const {cwd, umask} = task.fs
  const made = makeSocketNode(() => makeNode(context, cwd, path, mode & ~umask, 0))
  try {
    if (socket.address !== undefined) throw new Errno(EINVAL)
    socket.family.names.bindInode(socket, path, made)
  } catch (error) {
    unlinkPath(context, cwd, path)
    throw error
  }
}

/** A name that is taken is an address in use, whatever has it. */
function makeSocketNode(make: () => Inode): Inode {
  try {
    return make()
  } catch (error) {
    throw error instanceof Errno && error.code === EEXIST ? new Errno(EADDRINUSE) : error
  }
}

/** The socket that an address leads to. @throws Errno EINVAL, ECONNREFUSED, EPROTOTYPE, EACCES, ENOENT … */
export function findSocket(task: Task, {type, family}: UnixSocket, address: Uint8Array): UnixSocket {
  const {kind, bytes} = decodeAddress(address)
  if (kind === 'abstract') return family.names.findAbstract(type, bytes)
  const {inode} = resolve(pathContext(task), task.fs.cwd, bytes, true, CONNECT)
  checkAccess(inode, MAY_WRITE, task.credentials)
  if (inode.kind !== S_IFSOCK) throw new Errno(ECONNREFUSED)
  return family.names.findByInode(type, inode)
}

/** A socket that passes its credentials has a name to reply to. @throws Errno ENOSPC */
export function nameIfAsked(socket: UnixSocket): void {
  if (socket.options.passesCredentials && socket.address === undefined) socket.family.names.bindAny(socket)
}
