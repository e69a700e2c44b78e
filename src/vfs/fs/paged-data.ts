// PagedData: the bytes of a file in pages of the MemoryFile, sparse: what was never written costs nothing and reads as zero.

import {ENOMEM, ENOSPC, Errno} from '../../abi/errno.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import {pagesWithin} from './page-range.ts'

/** Pages allocated at once, so that copies run over long stretches. */
const MAX_RUN_PAGES = 64

/** A file system's limit: it counts pages against its size. */
export interface PageQuota {
  /** @throws Errno ENOSPC */
  take(pages: number): void
  give(pages: number): void
}

export class PagedData {
  readonly #memory: MemoryFile
  readonly #quota: PageQuota
  /** Page of the file → offset in the MemoryFile; this holds one reference to each. */
  readonly #pages = new Map<number, number>()

  constructor(memory: MemoryFile, quota: PageQuota) {
    this.#memory = memory
    this.#quota = quota
  }

  get pageCount(): number {
    return this.#pages.size
  }

  hasPage(index: number): boolean {
    return this.#pages.has(index)
  }

  /** Copies `length` bytes from `position` on. The caller clips to the file's size. */
  read(target: Uint8Array, position: number, length: number): void {
    const {bytes} = this.#memory
    let done = 0
    while (done < length) {
      const at = position + done
      const within = at % PAGE_SIZE
      const page = (at - within) / PAGE_SIZE
      const offset = this.#pages.get(page)
      const wanted = length - done
      if (offset === undefined) {
        const count = Math.min(PAGE_SIZE - within, wanted)
        target.fill(0, done, done + count)
        done += count
        continue
      }
      const count = this.#contiguous(page, offset, within, wanted)
      target.set(bytes.subarray(offset + within, offset + within + count), done)
      done += count
    }
  }

  /**
   * Stores bytes at `position`. Short when space runs out half way.
   * @throws Errno ENOSPC when not one byte fits
   */
  write(source: Uint8Array, position: number): number {
    let done = 0
    while (done < source.length) {
      const at = position + done
      const within = at % PAGE_SIZE
      const page = (at - within) / PAGE_SIZE
      let offset = this.#pages.get(page)
      const wanted = source.length - done
      if (offset === undefined) {
        try {
          offset = this.#fill(page, Math.ceil((within + wanted) / PAGE_SIZE))
        } catch (error) {
          if (done > 0 && error instanceof Errno) return done
          throw error
        }
      }
      const count = this.#contiguous(page, offset, within, wanted)
      const part = count === source.length ? source : source.subarray(done, done + count)
      this.#memory.bytes.set(part, offset + within)
      done += count
    }
    return done
  }

  /** The MemoryFile offset of a page, which is allocated if missing. No reference is taken. @throws Errno ENOSPC */
  page(index: number): number {
    return this.#pages.get(index) ?? this.#fill(index, 1)
  }

  /** Allocates every missing page of [first, end). @throws Errno ENOSPC; what was allocated until then stays */
  reserve(first: number, end: number): void {
    for (let page = first; page < end; page++) {
      if (!this.#pages.has(page)) this.#fill(page, end - page)
    }
  }

  /** Makes [start, end) read as zero and frees the whole pages in it. Mapped pages are cleared in place. */
  punch(start: number, end: number): void {
    const firstWhole = Math.ceil(start / PAGE_SIZE)
    const endWhole = Math.floor(end / PAGE_SIZE)
    if (firstWhole > endWhole) {
      this.#zero(start, end)
      return
    }
    this.#zero(start, Math.min(end, firstWhole * PAGE_SIZE))
    this.#zero(Math.max(start, endWhole * PAGE_SIZE), end)
    for (const page of pagesWithin(this.#pages, firstWhole, endWhole)) {
      const offset = this.#pages.get(page) as number
      if (this.#memory.references(offset) > 1) this.#memory.discard(offset, PAGE_SIZE)
      else this.#drop(page, offset)
    }
  }

  /** Cuts the file at `size` bytes: the rest of its last page reads as zero when the file grows again. */
  truncate(size: number): void {
    const keep = Math.ceil(size / PAGE_SIZE)
    this.#zero(size, keep * PAGE_SIZE)
    for (const page of pagesWithin(this.#pages, keep, Number.POSITIVE_INFINITY)) {
      this.#drop(page, this.#pages.get(page) as number)
    }
  }

  /** The next page at or after `page` with (or without) data; Infinity for no more data. */
  nextPage(page: number, hasData: boolean): number {
    if (!hasData) {
      let at = page
      while (this.#pages.has(at)) at++
      return at
    }
    if (this.#pages.has(page)) return page
    let next = Number.POSITIVE_INFINITY
    for (const each of this.#pages.keys()) if (each >= page && each < next) next = each
    return next
  }

  free(): void {
    this.truncate(0)
  }

  /** How many bytes from `within` of a page on are contiguous in the MemoryFile, at most `wanted`. */
  #contiguous(page: number, offset: number, within: number, wanted: number): number {
    let count = PAGE_SIZE - within
    let next = 1
    while (count < wanted && this.#pages.get(page + next) === offset + next * PAGE_SIZE) {
      count += PAGE_SIZE
      next++
    }
    return Math.min(count, wanted)
  }

  /** Allocates missing pages from `page` on, at most `wanted`, contiguous if memory allows. @returns the first one's offset */
  #fill(page: number, wanted: number): number {
    let count = 1
    const limit = Math.min(wanted, MAX_RUN_PAGES)
    while (count < limit && !this.#pages.has(page + count)) count++
    const offset = this.#allocate(count) ?? this.#allocate(1)
    if (offset === undefined) throw new Errno(ENOSPC)
    for (let i = 0; i < this.#allocated; i++) this.#pages.set(page + i, offset + i * PAGE_SIZE)
    return offset
  }

  #allocated = 0

  #allocate(pages: number): number | undefined {
    try {
      this.#quota.take(pages)
    } catch (error) {
      if (error instanceof Errno) return undefined
      throw error
    }
    try {
      const offset = this.#memory.allocate(pages * PAGE_SIZE)
      this.#allocated = pages
      return offset
    } catch (error) {
      this.#quota.give(pages)
      if (error instanceof Errno && error.code === ENOMEM) return undefined
      throw error
    }
  }

  #zero(start: number, end: number): void {
    if (start >= end) return
    for (let at = start; at < end; ) {
      const within = at % PAGE_SIZE
      const count = Math.min(PAGE_SIZE - within, end - at)
      const offset = this.#pages.get((at - within) / PAGE_SIZE)
      if (offset !== undefined) this.#memory.bytes.fill(0, offset + within, offset + within + count)
      at += count
    }
  }

  #drop(page: number, offset: number): void {
    this.#pages.delete(page)
    this.#memory.free(offset, PAGE_SIZE)
    this.#quota.give(1)
  }
}
