// NodeCache: which inodes of a big tree stay in memory. The same file is the same object while its inode is cached or in use.

export interface CachedNode {
  /** Must the object stay, because somebody may hold it for long? */
  isInUse(): boolean
  /** Lets go of it: the next lookup makes another object. */
  evict(): void
}

const EVICTION_TRIES = 8

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
