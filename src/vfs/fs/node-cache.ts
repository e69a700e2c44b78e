// NodeCache: which inodes of a big tree stay in memory. The same file is the same object while its inode is cached or in use.

import type {MemoryFile} from '../../platform/memory-file.ts'

export interface CachedNode {
  /** Must the object stay because it may be held for long? */
  isInUse(): boolean
  /** Drops it: the next lookup makes another object. */
  evict(): void
  /** For the cache alone: it was used since the cache last looked at it. */
  wasUsed: boolean
}

const EVICTION_TRIES = 8
const MAX_NODES = 1 << 14
/** A node costs about 1 KB, with its name and its places in tables. */
const MEMORY_PER_NODE = 1 << 14

/** How many are kept for a guest with that much memory. */
export function maxNodes({size}: MemoryFile): number {
  return Math.min(MAX_NODES, size / MEMORY_PER_NODE)
}

export class NodeCache<T extends CachedNode> {
  readonly #limit: number
  /** In the order of being looked at: Corbató's clock. Moving a used node would cost each lookup more than the rest of it. */
  readonly #nodes = new Set<T>()
  /** Yields the oldest, as each one that it yields is removed. A new iterator for each look would step over all removed ones every time. */
  #oldest = this.#nodes.values()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Notes that a node was used, and drops others, long unused, beyond the limit. */
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
