// connect(2) of UNIX sockets.

import {EAGAIN, EINVAL, Errno} from '../../abi/errno.ts'
import {O_NONBLOCK} from '../../abi/open-flags.ts'
import {AF_UNSPEC, UNIX_PATH_OFFSET} from '../../abi/socket.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {restartOf} from '../core/wait.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {connectDatagrams, connectTo, disconnectDatagrams} from '../net/connect.ts'
import {
  callerCredentials,
  deadlineOf,
  findSocket,
  nameIfAsked,
  readAddress,
  requireSocket,
} from '../net/socket-argument.ts'
import type {SocketFile} from '../net/socket-file.ts'
import {decodeAddress, familyOf} from '../net/unix-address.ts'

/** The address is read before the descriptor is checked to be a socket. */
export const connect: Syscall = (task, args) => {
  const file = openFile(task, args.int32(0))
  const address = readAddress(task, args.address(1), args.int32(2))
  const socketFile = requireSocket(file)
  const {socket} = socketFile
  if (!socket.isConnectionBased) {
    if (address.length < UNIX_PATH_OFFSET) throw new Errno(EINVAL)
    if (familyOf(address) === AF_UNSPEC) {
      disconnectDatagrams(socket)
      return 0
    }
  }
  decodeAddress(address)
  nameIfAsked(socket)
  if (socket.isConnectionBased) return connectStream(task, socketFile, address)
  connectDatagrams(socket, findSocket(task, socket, address))
  return 0
}

/** Waits for room in the listener's backlog; by then, the name may be another listener's. */
function connectStream(task: Task, {socket, flags}: SocketFile, address: Uint8Array): number {
  const deadlineNs = deadlineOf(task, socket.options.sendTimeoutNs)
  const who = callerCredentials(task)
  const attempt = (expired: boolean): number => {
    const listener = findSocket(task, socket, address)
    if (connectTo(socket, listener, who)) return 0
    if (flags & O_NONBLOCK || expired) throw new Errno(EAGAIN)
    return task.block({queues: [listener.room], deadlineNs, restart: restartOf(deadlineNs), retry: attempt})
  }
  return attempt(false)
}
