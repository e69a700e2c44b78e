// Virtio9p: a share: each chain is a 9P message, and room for its answer (virtio 1.2, 5, for the device ID; Linux: net/9p/trans_virtio.c).

import {EMSGSIZE} from '../../abi/errno.ts'
import {MOST_MESSAGE_BYTES} from '../9p/messages.ts'
import {Reply} from '../9p/reply.ts'
import {Request} from '../9p/request.ts'
import {QUEUE_SIZE, type RequestServer, tagBytes, VirtioShare} from './virtio-share.ts'

const F_MOUNT_TAG = 1n
/** The configuration is 256 bytes; two of them are the tag's length. */
const MOST_TAG_BYTES = 254

export class Virtio9p extends VirtioShare {
  readonly id = 9
  readonly features = F_MOUNT_TAG
  readonly queueSizes = [QUEUE_SIZE]
  readonly config: Uint8Array

  /** @param tag the name that the machine mounts: 1 to 254 bytes @throws HvError BAD_ARGUMENT */
  constructor(server: RequestServer, tag: string) {
    super(server, MOST_MESSAGE_BYTES)
    const bytes = tagBytes(tag, MOST_TAG_BYTES)
    this.config = Buffer.concat([Uint8Array.of(bytes.length, 0), bytes])
  }

  protected refusalOf(answer: Uint8Array): Uint8Array {
    return new Reply().error(new Request(answer).tag, EMSGSIZE)
  }
}
