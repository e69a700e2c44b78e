// connectNetwork: connects a machine's network card to a process behind a socket, such as passt(1), or to a TAP interface.

import {once} from 'node:events'
import type {Socket} from 'node:net'
import {badArgument} from '../../errors.ts'
import type {TapOptions} from './kernel-options.ts'

/** `unix`: the path of a socket. */
export type Network = {unix: string} | TapOptions

/** @throws HvError BAD_ARGUMENT */
export async function connectNetwork(network: Network): Promise<Socket | TapOptions> {
  if ('tap' in network) return network
  const path = network.unix
  // Loading it takes a millisecond, and few machines have a network.
  const {connect} = process.getBuiltinModule('node:net')
  const socket = connect(path)
  try {
    await once(socket, 'connect')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code
    const message = `the network unix:${path} cannot be reached (${reason})`
    throw badArgument(message, 'start what is to listen there, such as passt(1)', {
      cause,
    })
  }
  // When the other end is gone, frames go nowhere, as without a cable.
  socket.on('error', () => {})
  return socket
}

/** Otherwise a socket keeps this process alive. */
export function leaveNetwork(network: Socket | TapOptions | undefined): void {
  if (network !== undefined && 'destroy' in network) network.destroy()
}
