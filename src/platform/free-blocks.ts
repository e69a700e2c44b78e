// FreeBlocks: the free pages of the MemoryFile, as binary buddies of up to 2 MiB.

/** Blocks of 2^9 pages, 2 MiB: what one huge page backs. */
export const MAX_ORDER = 9
export const CHUNK_PAGES = 1 << MAX_ORDER
const NONE = -1

/** A block of order n has 2^n pages and starts at a multiple of that. */
export class FreeBlocks {
  /** Order + 1 of the free block that starts at a page; 0 elsewhere. */
  readonly #blockOrder: Uint8Array
  readonly #next: Int32Array
  readonly #previous: Int32Array
  readonly #heads = new Int32Array(MAX_ORDER + 1).fill(NONE)

  constructor(pages: number) {
    this.#blockOrder = new Uint8Array(pages)
    this.#next = new Int32Array(pages)
    this.#previous = new Int32Array(pages)
  }

  /** Takes a block of that order, from a larger one if need be; undefined when there is none. */
  take(wanted: number): number | undefined {
    let order = wanted
    while (order <= MAX_ORDER && this.#heads[order] === NONE) order++
    if (order > MAX_ORDER) return undefined
    const block = this.#heads[order]
    this.#unlink(block, order)
    while (order > wanted) {
      order--
      this.#link(block + (1 << order), order)
    }
    return block
  }

  /** Whether CHUNK_PAGES from there on are free. */
  isChunk(page: number): boolean {
    return this.#blockOrder[page] === MAX_ORDER + 1
  }

  /** Precondition: `isChunk`. */
  takeChunk(page: number): void {
    this.#unlink(page, MAX_ORDER)
  }

  /** Adds these pages to the free ones. */
  insert(first: number, count: number): void {
    const end = first + count
    let page = first
    while (page < end) {
      const alignment = page === 0 ? MAX_ORDER : 31 - Math.clz32(page & -page)
      const order = Math.min(alignment, 31 - Math.clz32(end - page), MAX_ORDER)
      this.#insertBlock(page, order)
      page += 1 << order
    }
  }

  /** Joins the block with its free buddies. */
  #insertBlock(page: number, order: number): void {
    let block = page
    let joined = order
    while (joined < MAX_ORDER) {
      const buddy = block ^ (1 << joined)
      if (this.#blockOrder[buddy] !== joined + 1) break
      this.#unlink(buddy, joined)
      block = Math.min(block, buddy)
      joined++
    }
    this.#link(block, joined)
  }

  #link(block: number, order: number): void {
    const head = this.#heads[order]
    this.#blockOrder[block] = order + 1
    this.#next[block] = head
    this.#previous[block] = NONE
    if (head !== NONE) this.#previous[head] = block
    this.#heads[order] = block
  }

  #unlink(block: number, order: number): void {
    const next = this.#next[block]
    const previous = this.#previous[block]
    this.#blockOrder[block] = 0
    if (previous === NONE) this.#heads[order] = next
    else this.#next[previous] = next
    if (next !== NONE) this.#previous[next] = previous
  }
}
