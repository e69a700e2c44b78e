// Arrivals: the connections from outside that a sentry has, and those that it is about to take, of one protocol: bounded, and held by the broker, too.

import {HeldConnections, type SocketEnds} from './held-connections.ts'

/** Messages that the sentry has not taken yet. */
export const MOST_ON_THE_WAY = 32

/** `About`: what is known of a connection. */
export class Arrivals<About> {
  readonly #held: HeldConnections<About>
  /** How many messages about it the sentry has not taken, by the number of a connection. */
  readonly #untaken = new Map<number, number>()
  #onTheWay = 0

  /** @param most connections at a time */
  constructor(host: SocketEnds, most: number) {
    this.#held = new HeldConnections(host, most)
  }

  get hasRoom(): boolean {
    return this.#onTheWay < MOST_ON_THE_WAY && !this.#held.isFull
  }

  /** @param fd its own from here on; -1: of a connection that it has */
  sent(id: number, fd: number, about: About): void {
    this.#onTheWay++
    this.#untaken.set(id, (this.#untaken.get(id) ?? 0) + 1)
    if (fd >= 0) this.#held.add(id, fd, about)
  }

  taken(id: number): void {
    const count = this.#untaken.get(id)
    if (count === undefined) return
    this.#onTheWay--
    if (count > 1) this.#untaken.set(id, count - 1)
    else this.#untaken.delete(id)
  }

  /** @returns what was known of it; undefined: there is none */
  released(id: number): About | undefined {
    return this.#held.close(id)
  }

  /** Resets those for which it is false. */
  keepOnly(mayStay: (about: About) => boolean): void {
    this.#held.keepOnly(mayStay)
  }

  /** Nobody is there to take them. */
  resetUntaken(): void {
    this.#held.keepOnly((_, id) => !this.#untaken.has(id))
  }

  /** The sentry is gone. */
  end(): void {
    this.#held.end()
  }
}
