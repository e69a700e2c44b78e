// Makes the file of a socket: the class, and what read(2) and write(2) do with it.

import {receiveMessage} from './receive-message.ts'
import {sendMessage} from './send-message.ts'
import {SocketFile, type SocketOwner, type Transfers} from './socket-file.ts'
import type {UnixSocket} from './unix-socket.ts'

const transfers: Transfers = {
  // What comes with the bytes is lost.
  receive: (task, file, ranges) =>
    receiveMessage(task, file, ranges, 0, ({rights, result}) => {
      if (rights !== undefined) file.socket.domain.inFlight.release(rights)
      return result
    }),
  send: (task, file, ranges) => sendMessage(task, file, {ranges, flags: 0}),
}

/** @param flags status flags (O_NONBLOCK) */
export function makeSocketFile(socket: UnixSocket, flags: number, owner: SocketOwner): SocketFile {
  return new SocketFile(socket, flags, owner, transfers)
}
