// bind(2), listen(2).

import {PERMISSION_BITS, S_IFSOCK} from '../../abi/file-mode.ts'
import {SOMAXCONN} from '../../abi/socket.ts'
import type {Syscall} from '../core/syscall.ts'
import {openSocket, readAddress} from '../net/socket-argument.ts'

export const bind: Syscall = (task, args) => {
  const {socket, inode} = openSocket(task, args.int32(0))
  const address = readAddress(task, args.address(1), args.int32(2))
  socket.bind(task, address, S_IFSOCK | (inode.attributes().mode & PERMISSION_BITS))
  return 0
}

/** A backlog is at most SOMAXCONN, and a negative one becomes that. */
export const listen: Syscall = (task, args) => {
  const {socket} = openSocket(task, args.int32(0))
  socket.listen(task, Math.min(args.uint32(1), SOMAXCONN))
  return 0
}
