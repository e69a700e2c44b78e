// connectNetwork: who is at the other end of a machine's network card: a process behind a socket, such as passt(1).

import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import {HvError} from '../errors.ts'

/** @param path of a UNIX socket @throws HvError BAD_ARGUMENT */
export async function connectNetwork(path: string): Promise<Socket> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code
    const message = `the network unix:${path} cannot be reached (${reason})`
    throw new HvError('BAD_ARGUMENT', message, 'start what is to listen there, such as passt(1)', {
      cause,
    })
  }
  // Whose end it is that is gone, frames go nowhere, as without a cable.
  socket.on('error', () => {})
  return socket
}
