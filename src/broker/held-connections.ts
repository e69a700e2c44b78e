// HeldConnections: the sockets that a sentry has, which its broker holds, too: so it can count them, and end them in spite of the sentry.

import {SHUT_RDWR} from '../abi/socket.ts'
import type {BrokerAddon} from './addon.ts'

/** What it needs of its host. */
export interface SocketEnds extends Pick<BrokerAddon, 'resetConnection'> {
  hostShutDown(fd: number, how: number): number
  hostClose(fd: number): number
}

interface Held<About> {
  readonly fd: number
  readonly about: About
}

/** `About`: what is known of a socket. */
export class HeldConnections<About> {
  readonly #host: SocketEnds
  readonly #most: number
  /** By the numbers that the sentry knows. */
  readonly #held = new Map<number, Held<About>>()

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
  add(id: number, fd: number, about: About): void {
    this.#held.set(id, {fd, about})
  }

  /** The sentry says that it has closed its socket. If that is a lie, the socket is of no use to it. @returns what was known of it */
  close(id: number): About | undefined {
    const held = this.#held.get(id)
    if (held === undefined) return undefined
    this.#held.delete(id)
    this.#host.hostShutDown(held.fd, SHUT_RDWR)
    this.#host.hostClose(held.fd)
    return held.about
  }

  /** Resets those for which it is false. */
  keepOnly(mayStay: (about: About, id: number) => boolean): void {
    // The sentry closes them when its guest does.
    for (const [id, {fd, about}] of this.#held) if (!mayStay(about, id)) this.#host.resetConnection(fd)
  }

  /** The sentry is gone. */
  end(): void {
    for (const {fd} of this.#held.values()) this.#host.hostClose(fd)
    this.#held.clear()
  }
}
