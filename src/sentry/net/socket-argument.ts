// Socket arguments: descriptors that must be sockets, addresses, and the caller's credentials.

import {ECONNREFUSED, EINVAL, ENOTSOCK, Errno} from '../../abi/errno.ts'
import {MAY_WRITE, S_IFSOCK} from '../../abi/file-mode.ts'
import {MAX_ADDRESS} from '../../abi/socket.ts'
import type {FileDescription} from '../../vfs/file.ts'
import {CONNECT} from '../../vfs/path-policy.ts'
import {resolve} from '../../vfs/path-walk.ts'
import {checkAccess} from '../../vfs/permissions.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {pathContext} from '../fd/path-argument.ts'
import type {PeerCredentials} from './peer-credentials.ts'
import {SocketFile} from './socket-file.ts'
import {decodeAddress} from './unix-address.ts'
import type {UnixSocket} from './unix-socket.ts'

/** @throws Errno EBADF, ENOTSOCK */
export function openSocket(task: Task, fd: number): SocketFile {
  return requireSocket(openFile(task, fd))
}

/** A host socket that hv was started with is a stream here, not a socket. @throws Errno ENOTSOCK */
export function requireSocket(file: FileDescription): SocketFile {
  if (!(file instanceof SocketFile)) throw new Errno(ENOTSOCK)
  return file
}

/** The bytes of a struct sockaddr. @throws Errno EINVAL, EFAULT */
export function readAddress(task: Task, address: number, length: number): Uint8Array {
  if (length < 0 || length > MAX_ADDRESS) throw new Errno(EINVAL)
  return task.memory.readBytes(address, length)
}

/** Writes as much as there is room for, and the whole length. @throws Errno EFAULT, EINVAL */
export function writeAddress(task: Task, bytes: Uint8Array, address: number, lengthAddress: number): void {
  const room = task.memory.readInt32(lengthAddress)
  if (room < 0) throw new Errno(EINVAL)
  task.memory.writeBytes(address, bytes.subarray(0, Math.min(room, bytes.length)))
  task.memory.writeInt32(lengthAddress, bytes.length)
}

/** The socket that an address leads to. @throws Errno EINVAL, ECONNREFUSED, EPROTOTYPE, EACCES, ENOENT … */
export function findSocket(task: Task, {type, domain}: UnixSocket, address: Uint8Array): UnixSocket {
  const {kind, bytes} = decodeAddress(address)
  if (kind === 'abstract') return domain.names.findAbstract(type, bytes)
  const {inode} = resolve(pathContext(task), task.fs.cwd, bytes, true, CONNECT)
  checkAccess(inode, MAY_WRITE, task.credentials)
  if (inode.kind !== S_IFSOCK) throw new Errno(ECONNREFUSED)
  return domain.names.findByInode(type, inode)
}

/** A socket that passes its credentials has a name to reply to. @throws Errno ENOSPC */
export function nameIfAsked(socket: UnixSocket): void {
  if (socket.options.passesCredentials && socket.address === undefined) socket.domain.names.bindAny(socket)
}

/** What the other side's SO_PEERCRED shows. */
export function callerCredentials({process, credentials}: Task): PeerCredentials {
  const {euid, egid, groups} = credentials
  return {pid: process.pid, uid: euid, gid: egid, groups}
}

/** CLOCK_MONOTONIC nanoseconds at which a call gives up. */
export function deadlineOf(task: Task, timeoutNs: number): number {
  return timeoutNs === Number.POSITIVE_INFINITY ? timeoutNs : task.kernel.monotonicNs() + timeoutNs
}
