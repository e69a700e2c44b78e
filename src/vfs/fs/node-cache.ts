// NodeCache: which inodes of a big tree stay in memory. The same file is the same object while its inode is cached or in use.

import type {MemoryFile} from '../../platform/memory-file.ts'

export interface CachedNode {
  /** Must the object stay, because somebody may hold it for long? */
  isInUse(): boolean
  /** Lets go of it: the next lookup makes another object. */
  evict(): void
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
  /** Least recently used first. */
  readonly #nodes = new Set<T>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Notes that a node was used, and lets go of the least recently used ones beyond the limit. */
  remember(node: T): void {
    this.#nodes.delete(node)
    this.#nodes.add(node)
    for (let tries = 0; this.#nodes.size > this.#limit && tries < EVICTION_TRIES; tries++) {
      const oldest = this.#nodes.values().next().value as T
      this.#nodes.delete(oldest)
      if (oldest.isInUse()) this.#nodes.add(oldest)
      else oldest.evict()
    }
  }

  forget(node: T): void {
    this.#nodes.delete(node)
  }

  clear(): void {
    this.#nodes.clear()
  }
}
