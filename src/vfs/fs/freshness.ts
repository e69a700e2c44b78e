// Freshness: the node whose attributes a file system read last, for the next question about it. It holds until the sentry waits again,
// as the host may change attributes meanwhile.

import type {VirtualFileSystem} from '../virtual-file-system.ts'

export abstract class Freshness<Node> {
  #vfs: VirtualFileSystem | undefined
  #fresh: Node | undefined
  /** No turn of a kernel: what was read before there was one is not fresh. */
  #turn = -1

  admitted(vfs: VirtualFileSystem): void {
    this.#vfs = vfs
  }

  get fresh(): Node | undefined {
    return this.#turn === this.#vfs?.turn ? this.#fresh : undefined
  }

  set fresh(node: Node | undefined) {
    this.#fresh = node
    if (this.#vfs !== undefined) this.#turn = this.#vfs.turn
  }

  /** For another host file system beneath. Before this one is admitted, all have the same number. */
  protected takeDev(): number {
    return this.#vfs?.takeDev() ?? 0
  }
}
