// VirtioEntropy: random bytes from the host's kernel (virtio 1.2, 5.4).

import {nativeHost} from '../../vfs/native-host.ts'
import type {DeviceModel} from '../virtio/model.ts'
import type {Queue} from '../virtio/queue.ts'

/** The most for one chain, however large it is: a device may give fewer than it was asked for. */
const MOST_BYTES = 1 << 16

export class VirtioEntropy implements DeviceModel {
  readonly name = 'the entropy device'
  readonly id = 4
  readonly features = 0n
  readonly queueSizes = [256]
  readonly config = new Uint8Array()

  constructor() {
    // Chooses the source, which a jail may hide.
    nativeHost.random.fill(new Uint8Array())
  }

  serve(requests: Queue): number | undefined {
    const chain = requests.next()
    if (chain === undefined) return undefined
    const bytes = Buffer.allocUnsafe(Math.min(chain.writableBytes, MOST_BYTES))
    const written = chain.put(nativeHost.random.fill(bytes))
    chain.complete()
    return written
  }
}
