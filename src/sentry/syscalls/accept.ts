// accept(2), accept4(2).

import {EAGAIN, EINVAL, Errno} from '../../abi/errno.ts'
import {O_NONBLOCK, POLLIN} from '../../abi/open-flags.ts'
import {SOCK_FLAGS} from '../../abi/socket.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {restartOf} from '../core/wait.ts'
import {openFile} from '../fd/descriptor-argument.ts'
import {takeConnection} from '../net/connect.ts'
import {makeSocketFile} from '../net/make-socket-file.ts'
import {deadlineOf, requireSocket, writeAddress} from '../net/socket-argument.ts'
import {encodeAddress} from '../net/unix-address.ts'

export const accept: Syscall = (task, args) =>
  acceptNext(task, args.int32(0), args.address(1), args.address(2), 0)

export const accept4: Syscall = (task, args) =>
  acceptNext(task, args.int32(0), args.address(1), args.address(2), args.uint32(3))

function acceptNext(task: Task, fd: number, address: number, lengthAddress: number, flags: number): number {
  const file = openFile(task, fd)
  if (flags & ~SOCK_FLAGS) throw new Errno(EINVAL)
  const {socket: listener} = requireSocket(file)
  task.fds.requireFree()
  const deadlineNs = deadlineOf(task, listener.options.receiveTimeoutNs)

  const attempt = (expired: boolean): number => {
    const connection = takeConnection(listener)
    if (connection === undefined) {
      if (file.flags & O_NONBLOCK || expired) throw new Errno(EAGAIN)
      const files = [{file, events: POLLIN}]
      return task.block({files, deadlineNs, restart: restartOf(deadlineNs), retry: attempt})
    }
    const accepted = makeSocketFile(connection, flags & O_NONBLOCK, task.credentials)
    const newFd = task.fds.install(accepted, flags)
    try {
      if (address !== 0) writeAddress(task, encodeAddress(connection.peer?.address), address, lengthAddress)
    } catch (error) {
      // The connection is lost, in Linux too.
      task.fds.remove(newFd)
      throw error
    }
    return newFd
  }
  return attempt(false)
}
