// HeldConnections: the sockets that a sentry has, which its broker holds, too: so it can count them, and end them in spite of the sentry.

import {SHUT_RDWR} from '../abi/socket.ts'
import type {BrokerAddon} from './addon.ts'

/** What it needs of its host. */
export interface SocketEnds extends Pick<BrokerAddon, 'resetConnection'> {
  hostShutDown(fd: number, how: number): number
  hostClose(fd: number): number
}

/** Where a socket leads. */
export interface Destination {
  /** Canonical, as the sentry named it. */
  readonly ip: string
  readonly port: number
  /** Those that the address had when it was connected to. */
  readonly names: readonly string[]
}

interface Held {
  readonly fd: number
  readonly to: Destination
}

export class HeldConnections {
  readonly #host: SocketEnds
  readonly #most: number
  /** By the sentry's numbers. */
  readonly #held = new Map<number, Held>()

  constructor(host: SocketEnds, most: number) {
    this.#host = host
    this.#most = most
  }

  get isFull(): boolean {
    return this.#held.size >= this.#most
  }

  has(id: number): boolean {
    return this.#held.has(id)
  }

  /** @param fd its own from here on */
  add(id: number, fd: number, to: Destination): void {
    this.#held.set(id, {fd, to})
  }

  /** The sentry says that it has closed its socket. If that is a lie, the socket is of no use to it. */
  close(id: number): void {
    const held = this.#held.get(id)
    if (held === undefined) return
    this.#held.delete(id)
    this.#host.hostShutDown(held.fd, SHUT_RDWR)
    this.#host.hostClose(held.fd)
  }

  /** Resets those for which it is false. */
  keepOnly(isAllowed: (to: Destination) => boolean): void {
    // The sentry closes them when its guest does.
    for (const {fd, to} of this.#held.values()) if (!isAllowed(to)) this.#host.resetConnection(fd)
  }

  /** The sentry is gone. */
  end(): void {
    for (const {fd} of this.#held.values()) this.#host.hostClose(fd)
    this.#held.clear()
  }
}
