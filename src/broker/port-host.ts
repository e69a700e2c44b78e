// portHost: this host and this process's event loop, as published ports need them.

import {addon} from '../addon.ts'
import {canWatch, watchReadable} from '../readable.ts'
import type {PortHost} from './published-ports.ts'

/** Where the loop cannot watch a descriptor. */
const POLL_MS = 10

export const portHost: PortHost = {
  acceptConnection: addon.acceptConnection,
  openFlow: addon.openFlow,
  receiveDatagram: addon.receiveDatagram,
  resetConnection: addon.resetConnection,
  hostShutDown: addon.hostShutDown,
  hostClose: addon.hostClose,
  watch: canWatch ? watchReadable : poll,
}

function poll(fd: number, listener: () => void): Disposable {
  const timer = setInterval(() => addon.anyReadable(Int32Array.of(fd)) && listener(), POLL_MS)
  timer.unref()
  return {[Symbol.dispose]: () => clearInterval(timer)}
}
