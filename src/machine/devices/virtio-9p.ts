// Virtio9p: a share: each chain is a 9P message, and room for its answer (virtio 1.2, 5, for the device ID; Linux: net/9p/trans_virtio.c).

import {EMSGSIZE} from '../../abi/errno.ts'
import {Reply} from '../9p/reply.ts'
import {Request} from '../9p/request.ts'
import type {Server} from '../9p/server.ts'
import {tagBytes} from '../share/tag-bytes.ts'
import type {DeviceModel, Transport} from '../virtio/model.ts'
import {ShareQueue} from './share-queue.ts'

const F_MOUNT_TAG = 1n
const QUEUE_SIZE = 256
/** A message each way, and the buffers that Linux rounds up. */
const MOST_CHAIN_BYTES = 4 << 20
/** The configuration is 256 bytes; two of them are the tag's length. */
const MOST_TAG_BYTES = 254

export class Virtio9p implements DeviceModel {
  readonly name = 'the share'
  readonly id = 9
  readonly features = F_MOUNT_TAG
  readonly queueSizes = [QUEUE_SIZE]
  readonly maxChainBytes = MOST_CHAIN_BYTES
  readonly config: Uint8Array
  readonly #server: Server
  readonly #requests: ShareQueue
  #transport!: Transport

  /**
   * @param server for this machine alone; the caller keeps it, and closes it
   * @param tag the name that the machine mounts: 1 to 254 bytes
   * @throws HvError BAD_ARGUMENT
   */
  constructor(server: Server, tag: string) {
    this.#server = server
    this.#requests = new ShareQueue(
      () => this.#transport.queues[0],
      server,
      server.mostMessageBytes,
      refusalOf,
    )
    this.config = configOf(tag)
  }

  attach(transport: Transport): void {
    this.#transport = transport
  }

  start(): void {}

  notify(): void {
    this.#requests.wake()
  }

  /** The next driver begins without fids. */
  stop(): void {
    this.#requests.stop()
    this.#server.reset()
  }
}

function refusalOf(answer: Uint8Array): Uint8Array {
  return new Reply().error(new Request(answer).tag, EMSGSIZE)
}

function configOf(tag: string): Uint8Array {
  const bytes = tagBytes(tag, MOST_TAG_BYTES)
  return Buffer.concat([Uint8Array.of(bytes.length, 0), bytes])
}
