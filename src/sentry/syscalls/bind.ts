// bind(2), listen(2): man 7 unix, "Address format" and "Autobind feature".

import {EADDRINUSE, EEXIST, EINVAL, Errno} from '../../abi/errno.ts'
import {PERMISSION_BITS, S_IFSOCK} from '../../abi/file-mode.ts'
import type {ByteString, Inode} from '../../vfs/file.ts'
import {makeNode, unlinkPath} from '../../vfs/names.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {pathContext} from '../fd/path-argument.ts'
import {SOMAXCONN, listen as startListening} from '../net/connect.ts'
import {callerCredentials, openSocket, readAddress} from '../net/socket-argument.ts'
import type {SocketFile} from '../net/socket-file.ts'
import {asksForAny, decodeAddress} from '../net/unix-address.ts'

export const bind: Syscall = (task, args) => {
  const file = openSocket(task, args.int32(0))
  const {socket} = file
  const {names} = socket.domain
  const address = readAddress(task, args.address(1), args.int32(2))
  if (asksForAny(address)) {
    if (socket.address === undefined) names.bindAny(socket)
    return 0
  }
  const {kind, bytes} = decodeAddress(address)
  if (kind === 'path') return bindPath(task, file, bytes)
  if (socket.address !== undefined) throw new Errno(EINVAL)
  names.bindAbstract(socket, bytes)
  return 0
}

/** Linux makes the inode before it checks whether the socket has a name. */
function bindPath(task: Task, {socket, inode}: SocketFile, path: ByteString): number {
  const context = pathContext(task)
  const {cwd, umask} = task.fs
  const mode = S_IFSOCK | (inode.attributes().mode & PERMISSION_BITS & ~umask)
  const made = makeSocketNode(() => makeNode(context, cwd, path, mode, 0))
  try {
    if (socket.address !== undefined) throw new Errno(EINVAL)
    socket.domain.names.bindInode(socket, path, made)
  } catch (error) {
    unlinkPath(context, cwd, path)
    throw error
  }
  return 0
}

/** A name that is taken is an address in use, whatever has it. */
function makeSocketNode(make: () => Inode): Inode {
  try {
    return make()
  } catch (error) {
    throw error instanceof Errno && error.code === EEXIST ? new Errno(EADDRINUSE) : error
  }
}

/** A backlog is at most SOMAXCONN, and a negative one becomes that. */
export const listen: Syscall = (task, args) => {
  const {socket} = openSocket(task, args.int32(0))
  startListening(socket, Math.min(args.uint32(1), SOMAXCONN), callerCredentials(task))
  return 0
}
