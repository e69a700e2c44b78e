// accept(2), accept4(2).

import {EAGAIN, ECONNABORTED, EINVAL, Errno} from '../../abi/errno.ts'
import {O_NONBLOCK, POLLIN} from '../../abi/open-flags.ts'
import {SOCK_FLAGS} from '../../abi/socket.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation, restartOf} from '../core/wait.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import type {Socket} from '../net/socket.ts'
import {deadlineOf, type OpenSocket, requireSocket, writeAddress} from '../net/socket-argument.ts'
import {installSocket} from '../net/socket-description.ts'

export const accept: Syscall = (task, args) =>
  acceptNext(task, args.int32(0), args.address(1), args.address(2), 0)

export const accept4: Syscall = (task, args) =>
  acceptNext(task, args.int32(0), args.address(1), args.address(2), args.uint32(3))

interface Acceptance {
  readonly file: OpenSocket
  readonly flags: number
  /** Where the peer's address goes, and its length; 0: nowhere. */
  readonly address: number
  readonly lengthAddress: number
  readonly deadlineNs: number
}

function acceptNext(task: Task, fd: number, address: number, lengthAddress: number, flags: number): number {
  const opened = openFile(task, fd)
  if (flags & ~SOCK_FLAGS) throw new Errno(EINVAL)
  const file = requireSocket(opened)
  task.fds.requireFree()
  const deadlineNs = deadlineOf(task, file.socket.options.receiveTimeoutNs)
  return proceed(task, {file, flags, address, lengthAddress, deadlineNs})
}

const next = continuation<Acceptance>({name: 'accept', resume: proceed})

function proceed(task: Task, acceptance: Acceptance, expired = false): number {
  const {file, deadlineNs} = acceptance
  const mayWait = !(file.flags & O_NONBLOCK || expired)
  const connection = file.socket.accept(mayWait)
  if (connection !== undefined) return install(task, connection, acceptance)
  if (!mayWait) throw new Errno(EAGAIN)
  const files = [{file, events: POLLIN}]
  return task.block({files, deadlineNs, restart: restartOf(deadlineNs), next, progress: acceptance})
}

/** If it fails, the connection is lost, in Linux too. */
function install(task: Task, connection: Socket, {flags, address, lengthAddress}: Acceptance): number {
  const fd = installSocket(task, connection, flags)
  try {
    if (address === 0) return fd
    const name = connection.peerName()
    if (name === undefined) throw new Errno(ECONNABORTED)
    writeAddress(task, name, address, lengthAddress)
    return fd
  } catch (error) {
    task.fds.remove(fd)
    throw error
  }
}
