// Connections: TCP's connections by their two endpoints, of which no two are the same; Connectors: sockets that wait to become one.

import type {Endpoint} from './address.ts'
import type {InetSocket} from './inet-socket.ts'

export const keyOf = (local: Endpoint, remote: Endpoint): string =>
  `${local.ip} ${local.port} ${remote.ip} ${remote.port}`

export class Connections {
  readonly #sockets = new Map<string, InetSocket>()

  /** Precondition: the socket has both endpoints. @returns whether there was none such */
  add(socket: InetSocket): boolean {
    const key = keyOf(socket.local, socket.remote!)
    if (this.#sockets.has(key)) return false
    this.#sockets.set(key, socket)
    return true
  }

  /** Precondition: its endpoints are as they were. */
  delete(socket: InetSocket): void {
    if (socket.remote === undefined) return
    const key = keyOf(socket.local, socket.remote)
    if (this.#sockets.get(key) === socket) this.#sockets.delete(key)
  }
}

/** First come, first served. A step takes as long however many wait. */
export class Connectors<Waiting> {
  readonly #sockets = new Set<Waiting>()
  /** Stays behind the last one that was taken: a new iterator would pass the places of all that were taken before. */
  #next = this.#sockets.values()

  get size(): number {
    return this.#sockets.size
  }

  add(socket: Waiting): void {
    this.#sockets.add(socket)
  }

  delete(socket: Waiting): void {
    this.#sockets.delete(socket)
  }

  shift(): Waiting | undefined {
    let {value} = this.#next.next()
    if (value === undefined) {
      this.#next = this.#sockets.values()
      value = this.#next.next().value
    }
    if (value !== undefined) this.#sockets.delete(value)
    return value
  }
}
