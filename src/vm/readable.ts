// Descriptors that the event loop of Node watches: no thread stands between. A TAP interface is one.

import {addon} from '../addon.ts'

/** Bun has no libuv: a call of it ends the process. */
export const canWatch = process.versions.bun === undefined

/**
 * While it is readable, each turn of the loop. It keeps no process alive.
 * @param fd does not wait, and is open until this is disposed of
 */
export function watchReadable(fd: number, listener: () => void): Disposable {
  const native = new addon.ReadableWatch(fd, listener)
  return {[Symbol.dispose]: () => native.dispose()}
}

/** A TAP interface, open, which does not wait. @throws Error with `errno` */
export const openTapFd = (name: string): number => addon.openTap(name)
