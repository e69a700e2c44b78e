// ShareQueue: a queue of a share's device: each chain is a request to a file server, and room for its answer.

import type {Chain} from '../virtio/chain.ts'
import type {Queue} from '../virtio/queue.ts'
import {Turns} from '../virtio/turns.ts'

export interface RequestServer {
  /** @returns bytes valid until the next call; promised ones stay valid. An empty answer means that there is none */
  answer(request: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** The machine starts anew. */
  reset(): void
}

export class ShareQueue {
  readonly #server: RequestServer
  readonly #refusalOf: (answer: Uint8Array) => Uint8Array
  readonly #turns = new Turns(() => this.#serve())
  /** A copy of the request, out of the guest's reach. */
  readonly #request: Uint8Array
  readonly #queue: () => Queue

  /**
   * @param mostRequestBytes longer requests are cut, and the server notices that
   * @param refusalOf makes the answer to send when the real one has no room
   */
  constructor(
    queue: () => Queue,
    server: RequestServer,
    mostRequestBytes: number,
    refusalOf: (answer: Uint8Array) => Uint8Array,
  ) {
    this.#queue = queue
    this.#server = server
    this.#request = new Uint8Array(mostRequestBytes)
    this.#refusalOf = refusalOf
  }

  wake(): void {
    this.#turns.wake()
  }

  stop(): void {
    this.#turns.stop()
  }

  #serve(): number | undefined {
    const chain = this.#queue().next()
    if (chain === undefined) return undefined
    const answer = this.#server.answer(this.#copy(chain))
    if (!(answer instanceof Promise)) return this.#give(chain, answer)
    // A driver that has reset meanwhile gets nothing: the chain is not live.
    void answer.then((bytes) => this.#give(chain, bytes))
    return chain.readableBytes
  }

  #copy({readable}: Chain): Uint8Array {
    let length = 0
    for (const part of readable) {
      const fits = part.subarray(0, this.#request.length - length)
      this.#request.set(fits, length)
      length += fits.length
    }
    return this.#request.subarray(0, length)
  }

  /** @returns how many bytes were moved */
  #give(chain: Chain, answer: Uint8Array): number {
    const given = answer.length <= chain.writableBytes ? answer : this.#refusalOf(answer)
    if (given.length <= chain.writableBytes) chain.put(given)
    chain.complete()
    return chain.readableBytes + given.length
  }
}
