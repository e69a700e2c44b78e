// VirtioFs: a share: each chain is a FUSE request, and room for its answer (virtio 1.2, 5.11).

import {EMSGSIZE} from '../../abi/errno.ts'
import {OUT_UNIQUE} from '../fuse/messages.ts'
import {Reply} from '../fuse/reply.ts'
import {MOST_REQUEST_BYTES} from '../fuse/sizes.ts'
import {tagBytes} from '../share/tag-bytes.ts'
import type {DeviceModel, Transport} from '../virtio/model.ts'
import {type RequestServer, ShareQueue} from './share-queue.ts'

const QUEUE_SIZE = 256
/** Data one way, its headers the other, and the pages that Linux rounds up to. */
const MOST_CHAIN_BYTES = 4 << 20
/** In the configuration, padded with zeroes. */
const TAG_BYTES = 36
/** FORGET and its like come through a queue of their own, before these: `hiprio`. */
const REQUEST_QUEUES = 1

export class VirtioFs implements DeviceModel {
  readonly name = 'the share'
  readonly id = 26
  readonly features = 0n
  readonly queueSizes = Array.from({length: 1 + REQUEST_QUEUES}, () => QUEUE_SIZE)
  readonly maxChainBytes = MOST_CHAIN_BYTES
  readonly config: Uint8Array
  readonly #server: RequestServer
  readonly #queues: readonly ShareQueue[]
  #transport!: Transport

  /**
   * @param server for this machine alone; the caller keeps it, and closes it
   * @param tag the name that the machine mounts: 1 to 36 bytes
   * @throws HvError BAD_ARGUMENT
   */
  constructor(server: RequestServer, tag: string) {
    this.#server = server
    this.#queues = this.queueSizes.map(
      (_, index) =>
        new ShareQueue(() => this.#transport.queues[index], server, MOST_REQUEST_BYTES, refusalOf),
    )
    this.config = configOf(tag)
  }

  attach(transport: Transport): void {
    this.#transport = transport
  }

  start(): void {}

  notify(queue: number): void {
    this.#queues[queue]?.wake()
  }

  /** The next driver knows no file. */
  stop(): void {
    for (const queue of this.#queues) queue.stop()
    this.#server.reset()
  }
}

function refusalOf(answer: Uint8Array): Uint8Array {
  return new Reply().error(answer.slice(OUT_UNIQUE, OUT_UNIQUE + 8), EMSGSIZE)
}

function configOf(tag: string): Uint8Array {
  const bytes = tagBytes(tag, TAG_BYTES)
  const config = Buffer.alloc(TAG_BYTES + 4)
  config.set(bytes)
  config.writeUInt32LE(REQUEST_QUEUES, TAG_BYTES)
  return config
}
