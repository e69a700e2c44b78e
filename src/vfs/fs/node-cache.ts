// NodeCache: which inodes of a big tree stay in memory. The same file is the same object while its inode is cached or in use.

import type {MemoryFile} from '../../platform/memory-file.ts'

export interface CachedNode {
  /** Must the object stay, because somebody may hold it for long? */
  isInUse(): boolean
  /** Lets go of it: the next lookup makes another object. */
  evict(): void
  /** The cache's own: it was asked for since it was looked at the last time. */
  wasUsed: boolean
}

const EVICTION_TRIES = 8
const MAX_NODES = 1 << 14
/** A node costs about 1 KB, its name and its places in tables with it. */
const MEMORY_PER_NODE = 1 << 14

/** What is kept for a guest of that much memory. */
export function maxNodes({size}: MemoryFile): number {
  return Math.min(MAX_NODES, size / MEMORY_PER_NODE)
}

export class NodeCache<T extends CachedNode> {
  readonly #limit: number
  /** In the order in which they are looked at: Corbató's clock. To move what is used would cost each lookup more than the rest of it. */
  readonly #nodes = new Set<T>()
  /** The oldest comes next, as each that came is taken out. A new iterator for each look would pass all that was, again and again. */
  #oldest = this.#nodes.values()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Notes that a node was used, and lets go of others, not used for long, beyond the limit. */
  remember(node: T): void {
    if (this.#nodes.has(node)) {
      node.wasUsed = true
      return
    }
    this.#nodes.add(node)
    for (let tries = 0; this.#nodes.size > this.#limit && tries < EVICTION_TRIES; tries++) {
      const oldest = this.#next()
      this.#nodes.delete(oldest)
      if (oldest.wasUsed || oldest.isInUse()) this.#nodes.add(oldest)
      else oldest.evict()
      oldest.wasUsed = false
    }
  }

  /** Precondition: there is one. */
  #next(): T {
    const {done, value} = this.#oldest.next()
    if (!done) return value
    this.#oldest = this.#nodes.values()
    return this.#oldest.next().value as T
  }

  forget(node: T): void {
    this.#nodes.delete(node)
  }

  clear(): void {
    this.#nodes.clear()
  }
}
