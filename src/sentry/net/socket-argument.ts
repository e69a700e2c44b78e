// Socket arguments: descriptors that must be sockets, addresses, and the caller's credentials.

import {EINVAL, ENOTSOCK, Errno} from '../../abi/errno.ts'
import {MAX_ADDRESS} from '../../abi/socket.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {Task} from '../core/task.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import type {PeerCredentials, Socket} from './socket.ts'

/** A file description that is a socket. */
export type OpenSocket = FileDescription & {readonly socket: Socket}

/** @throws Errno EBADF, ENOTSOCK */
export function openSocket(task: Task, fd: number): OpenSocket {
  return requireSocket(openFile(task, fd))
}

/** A host socket that hv was started with is a stream here, not a socket. @throws Errno ENOTSOCK */
export function requireSocket(file: FileDescription): OpenSocket {
  if (file.socket === undefined) throw new Errno(ENOTSOCK)
  return file as OpenSocket
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

/** What the other side's SO_PEERCRED shows. */
export function callerCredentials({process, credentials}: Task): PeerCredentials {
  const {euid, egid, groups} = credentials
  return {pid: process.pid, uid: euid, gid: egid, groups}
}

/** CLOCK_MONOTONIC nanoseconds at which a call gives up. */
export function deadlineOf(task: Task, timeoutNs: number): number {
  return timeoutNs === Number.POSITIVE_INFINITY ? timeoutNs : task.kernel.monotonicNs() + timeoutNs
}
