// Virtio9p: a share: each chain is a 9P message, and room for its answer (virtio 1.2, 5, has the number; Linux: net/9p/trans_virtio.c).

import {EMSGSIZE} from '../../abi/errno.ts'
import {HvError} from '../../errors.ts'
import {Reply} from '../9p/reply.ts'
import {Request} from '../9p/request.ts'
import type {Server} from '../9p/server.ts'
import type {Chain} from '../virtio/chain.ts'
import type {DeviceModel, Transport} from '../virtio/model.ts'
import type {Queue} from '../virtio/queue.ts'
import {Turns} from '../virtio/turns.ts'

const F_MOUNT_TAG = 1n
const QUEUE_SIZE = 256
/** A message each way, and the buffers that Linux rounds up. */
const MOST_CHAIN_BYTES = 4 << 20
/** The configuration is 256 bytes, two of them the tag's length. */
const MOST_TAG_BYTES = 254

export class Virtio9p implements DeviceModel {
  readonly name = 'the share'
  readonly id = 9
  readonly features = F_MOUNT_TAG
  readonly queueSizes = [QUEUE_SIZE]
  readonly maxChainBytes = MOST_CHAIN_BYTES
  readonly config: Uint8Array
  readonly #server: Server
  readonly #turns = new Turns(() => this.#serve())
  /** A request, out of the guest's reach. */
  readonly #request: Uint8Array
  #requests!: Queue

  /**
   * @param server of this machine alone; it stays the caller's, who closes it
   * @param tag what the machine mounts: 1 to 254 bytes
   * @throws HvError BAD_ARGUMENT
   */
  constructor(server: Server, tag: string) {
    this.#server = server
    this.#request = new Uint8Array(server.mostMessageBytes)
    this.config = configOf(tag)
  }

  attach({queues}: Transport): void {
    this.#requests = queues[0]
  }

  start(): void {}

  notify(): void {
    this.#turns.wake()
  }

  /** The next driver begins without fids. */
  stop(): void {
    this.#turns.stop()
    this.#server.reset()
  }

  #serve(): number | undefined {
    const chain = this.#requests.next()
    if (chain === undefined) return undefined
    const answer = this.#server.answer(this.#copy(chain))
    if (!(answer instanceof Promise)) return this.#give(chain, answer)
    // A driver that has reset meanwhile gets nothing: the chain is not live.
    void answer.then((bytes) => this.#give(chain, bytes))
    return chain.readableBytes
  }

  /** What is longer than a message may be is cut, and the server finds that it is. */
  #copy({readable}: Chain): Uint8Array {
    let length = 0
    for (const part of readable) {
      const fits = part.subarray(0, this.#request.length - length)
      this.#request.set(fits, length)
      length += fits.length
    }
    return this.#request.subarray(0, length)
  }

  /** @returns bytes moved */
  #give(chain: Chain, answer: Uint8Array): number {
    const {tag} = new Request(answer)
    const fits = answer.length <= chain.writableBytes
    const given = fits ? answer : new Reply().error(tag, EMSGSIZE)
    if (given.length <= chain.writableBytes) chain.put(given)
    chain.complete()
    return chain.readableBytes + given.length
  }
}

function configOf(tag: string): Uint8Array {
  const bytes = Buffer.from(tag, 'utf8')
  if (bytes.length === 0 || bytes.length > MOST_TAG_BYTES || bytes.includes(0)) {
    const nextStep = `name it by 1 to ${MOST_TAG_BYTES} bytes`
    throw new HvError('BAD_ARGUMENT', `a share cannot be called ${JSON.stringify(tag)}`, nextStep)
  }
  return Buffer.concat([Uint8Array.of(bytes.length, 0), bytes])
}
