// VirtioShare: what both share devices have in common: each chain is a request to a file server, and room for the server's answer.

import {badArgument} from '../../errors.ts'
import type {Chain} from '../virtio/chain.ts'
import type {DeviceModel} from '../virtio/model.ts'
import type {Queue} from '../virtio/queue.ts'

export const QUEUE_SIZE = 256
/** Data one way, its headers the other, and the pages that Linux rounds up to. */
const MOST_CHAIN_BYTES = 4 << 20

export interface RequestServer {
  /** @returns bytes valid until the next call; promised ones stay valid. An empty answer means that there is none */
  answer(request: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** The machine starts anew. */
  reset(): void
  /** The machine has it mounted, or begins to. */
  readonly isMounted: boolean
}

export abstract class VirtioShare implements DeviceModel {
  readonly name = 'the share'
  abstract readonly id: number
  abstract readonly features: bigint
  abstract readonly queueSizes: readonly number[]
  readonly maxChainBytes = MOST_CHAIN_BYTES
  abstract readonly config: Uint8Array
  readonly #server: RequestServer
  /** A copy of the request that is served, out of the guest's reach. */
  readonly #request: Uint8Array

  /**
   * @param server for this machine alone; the caller keeps it, and closes it
   * @param mostRequestBytes longer requests are cut, and the server notices that
   */
  constructor(server: RequestServer, mostRequestBytes: number) {
    this.#server = server
    this.#request = new Uint8Array(mostRequestBytes)
  }

  /** The answer to send when the real one has no room. */
  protected abstract refusalOf(answer: Uint8Array): Uint8Array

  /** The next driver has nothing open, and knows no file. */
  stop(): void {
    this.#server.reset()
  }

  /** The files that a machine knows are this process's. @throws HvError BAD_ARGUMENT */
  save(): object {
    if (!this.#server.isMounted) return {}
    throw badArgument(
      'the machine has mounted a share, and its files cannot be saved',
      'unmount it in the machine',
    )
  }

  serve(queue: Queue): number | undefined {
    const chain = queue.next()
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
    const given = answer.length <= chain.writableBytes ? answer : this.refusalOf(answer)
    if (given.length <= chain.writableBytes) chain.put(given)
    chain.complete()
    return chain.readableBytes + given.length
  }
}

/** A share's tag, as its device reports it. @param most bytes that the device has room for @throws HvError BAD_ARGUMENT */
export function tagBytes(tag: string, most: number): Uint8Array {
  const bytes = Buffer.from(tag, 'utf8')
  if (bytes.length > 0 && bytes.length <= most && !bytes.includes(0)) return bytes
  const message = `a share cannot be called ${JSON.stringify(tag)}`
  throw badArgument(message, `name it by 1 to ${most} bytes`)
}
