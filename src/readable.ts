// Descriptors that Node's event loop watches itself, without a thread: sockets, eventfds, TAP interfaces.

import {addon} from './addon.ts'

/** Bun has no libuv: calling it ends the process. */
export const canWatch = process.versions.bun === undefined

/**
 * Calls the listener in each turn of the loop while the descriptor is readable. It keeps no process alive.
 * @param fd non-blocking, and open until this is disposed of
 */
export function watchReadable(fd: number, listener: () => void): Disposable {
  const native = new addon.ReadableWatch(fd, listener)
  return {[Symbol.dispose]: () => native.dispose()}
}
