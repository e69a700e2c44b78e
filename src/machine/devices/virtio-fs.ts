// VirtioFs: a share: each chain is a FUSE request, and room for its answer (virtio 1.2, 5.11).

import {EMSGSIZE} from '../../abi/errno.ts'
import {MOST_REQUEST_BYTES, OUT_UNIQUE} from '../fuse/messages.ts'
import {Reply} from '../fuse/reply.ts'
import {type RequestServer, tagBytes, VirtioShare} from './virtio-share.ts'

/** In the configuration, padded with zeroes. */
const TAG_BYTES = 36
/** FORGET and its like come through a queue of their own, before these: `hiprio`. */
const REQUEST_QUEUES = 1

export class VirtioFs extends VirtioShare {
  /** @param tag the name that the machine mounts: 1 to 36 bytes @throws HvError BAD_ARGUMENT */
  constructor(server: RequestServer, tag: string) {
    const config = Buffer.alloc(TAG_BYTES + 4)
    config.set(tagBytes(tag, TAG_BYTES))
    config.writeUInt32LE(REQUEST_QUEUES, TAG_BYTES)
    super(server, {
      id: 26,
      features: 0n,
      config,
      queues: 1 + REQUEST_QUEUES,
      mostRequestBytes: MOST_REQUEST_BYTES,
      refusalOf: (answer) => new Reply().error(answer.slice(OUT_UNIQUE, OUT_UNIQUE + 8), EMSGSIZE),
    })
  }
}
