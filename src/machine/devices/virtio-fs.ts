// VirtioFs: a share: each chain is a FUSE request, and room for its answer (virtio 1.2, 5.11).

import {EMSGSIZE} from '../../abi/errno.ts'
import {MOST_REQUEST_BYTES, OUT_UNIQUE} from '../fuse/messages.ts'
import {Reply} from '../fuse/reply.ts'
import {QUEUE_SIZE, type RequestServer, tagBytes, VirtioShare} from './virtio-share.ts'

/** In the configuration, padded with zeroes. */
const TAG_BYTES = 36
/** FORGET and its like come through a queue of their own, before these: `hiprio`. */
const REQUEST_QUEUES = 1

export class VirtioFs extends VirtioShare {
  readonly id = 26
  readonly features = 0n
  readonly queueSizes = Array.from({length: 1 + REQUEST_QUEUES}, () => QUEUE_SIZE)
  readonly config = Buffer.alloc(TAG_BYTES + 4)

  /** @param tag the name that the machine mounts: 1 to 36 bytes @throws HvError BAD_ARGUMENT */
  constructor(server: RequestServer, tag: string) {
    super(server, MOST_REQUEST_BYTES)
    this.config.set(tagBytes(tag, TAG_BYTES))
    this.config.writeUInt32LE(REQUEST_QUEUES, TAG_BYTES)
  }

  protected refusalOf(answer: Uint8Array): Uint8Array {
    return new Reply().error(answer.slice(OUT_UNIQUE, OUT_UNIQUE + 8), EMSGSIZE)
  }
}
