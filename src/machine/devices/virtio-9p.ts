// Virtio9p: a share: each chain is a 9P message, and room for its answer (virtio 1.2, 5, for the device ID; Linux: net/9p/trans_virtio.c).

import {EMSGSIZE} from '../../abi/errno.ts'
import {MOST_MESSAGE_BYTES} from '../9p/messages.ts'
import {Reply} from '../9p/reply.ts'
import {Request} from '../9p/request.ts'
import {type RequestServer, tagBytes, VirtioShare} from './virtio-share.ts'

const F_MOUNT_TAG = 1n
/** The configuration is 256 bytes; two of them are the tag's length. */
const MOST_TAG_BYTES = 254

export class Virtio9p extends VirtioShare {
  /** @param tag the name that the machine mounts: 1 to 254 bytes @throws HvError BAD_ARGUMENT */
  constructor(server: RequestServer, tag: string) {
    const bytes = tagBytes(tag, MOST_TAG_BYTES)
    super(server, {
      id: 9,
      features: F_MOUNT_TAG,
      config: Buffer.concat([Uint8Array.of(bytes.length, 0), bytes]),
      queues: 1,
      mostRequestBytes: MOST_MESSAGE_BYTES,
      refusalOf: (answer) => new Reply().error(new Request(answer).tag, EMSGSIZE),
    })
  }
}
