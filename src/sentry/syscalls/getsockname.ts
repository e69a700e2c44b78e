// getsockname(2), getpeername(2), shutdown(2).

import {EINVAL, ENOTCONN, Errno} from '../../abi/errno.ts'
import {SHUT_RDWR} from '../../abi/socket.ts'
import type {Syscall} from '../core/syscall.ts'
import {openSocket, writeAddress} from '../net/socket-argument.ts'

export const getsockname: Syscall = (task, args) => {
  const {socket} = openSocket(task, args.int32(0))
  writeAddress(task, socket.name(), args.address(1), args.address(2))
  return 0
}

export const getpeername: Syscall = (task, args) => {
  const {socket} = openSocket(task, args.int32(0))
  const name = socket.peerName()
  if (name === undefined || socket.hasLostPeer) throw new Errno(ENOTCONN)
  writeAddress(task, name, args.address(1), args.address(2))
  return 0
}

/** Linux requires no connection here. */
export const shutdown: Syscall = (task, args) => {
  const {socket} = openSocket(task, args.int32(0))
  const how = args.int32(1)
  if (how < 0 || how > SHUT_RDWR) throw new Errno(EINVAL)
  socket.shutDown(how + 1)
  return 0
}
