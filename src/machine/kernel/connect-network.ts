// connectNetworks: connects a machine's network cards to processes behind sockets, such as passt(1), or to TAP interfaces.

import {once} from 'node:events'
import type {Socket} from 'node:net'
import {badArgument} from '../../errors.ts'
import {limitsOf, type RateLimits} from '../devices/rate-limiter.ts'
import type {StreamOptions, TapOptions} from './kernel-options.ts'

/** `unix`: the path of a socket. */
export type Network = ({unix: string} & RateLimits) | TapOptions

/** @param defer takes what is to be done when the machine has ended. @throws HvError BAD_ARGUMENT */
export async function connectNetworks(
  networks: readonly Network[] = [],
  defer: (act: () => void) => void,
): Promise<(StreamOptions | TapOptions)[]> {
  const connected: (StreamOptions | TapOptions)[] = []
  for (const network of networks) {
    if ('tap' in network) connected.push(network)
    else {
      const stream = await connectSocket(network.unix)
      // Otherwise it keeps this process alive.
      defer(() => stream.destroy())
      connected.push({stream, ...limitsOf(network)})
    }
  }
  return connected
}

async function connectSocket(path: string): Promise<Socket> {
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
