// PageTable: which guest pages are populated, and with what: the sentry's own copy of the page tables.
// It translates user addresses without a native call, and keeps the AddressSpace in step.

import {Errno} from '../../abi/errno.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import type {AddressSpace} from '../../platform/platform.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import {type Budget, COST} from '../../vfs/budget.ts'

/**
 * An entry is 0 (not populated) or MemoryFile page << ENTRY_SHIFT | flags. The low three flags are the protection
 * that the AddressSpace has, in PROT_ bits; a page of a PROT_NONE range keeps its entry without any of them.
 */
export type Entry = number

export const ENTRY_PRESENT = 8
/** A write must fault first: to copy a private page, or to mark a shared file page dirty. */
export const ENTRY_GUARDED = 16
/** A copy of a file's code in which call sites were patched: CallPatches. */
export const ENTRY_PATCHED = 32
/** Guarded by fork(2), but different from its file. */
export const ENTRY_WRITTEN = 64
export const ENTRY_PROTECTION = 7
export const ENTRY_SHIFT = 8
export const ENTRY_FLAGS = (1 << ENTRY_SHIFT) - 1

/** One table covers 2 MiB. */
export const TABLE_PAGES = 512
/** Index after a table's entries: how many of them are populated. */
const POPULATED = TABLE_PAGES
/** Gaps of up to this many pages are unmapped in the same call. */
const MAX_GAP = TABLE_PAGES

export class PageTable {
  /** A debugger may put its own around it. */
  space: AddressSpace
  readonly memory: MemoryFile
  readonly #tables = new Map<number, Int32Array>()
  #lastIndex = -1
  #lastTable: Int32Array | undefined
  /** Populated pages: the resident set. */
  populated = 0
  /** The most that there were. */
  peak = 0
  readonly #budget: Budget

  constructor(space: AddressSpace, memory: MemoryFile, budget: Budget) {
    this.#budget = budget
    this.space = space
    this.memory = memory
  }

  /** `page` is a guest page number: address / 4096. */
  get(page: number): Entry {
    const table = this.#table(Math.floor(page / TABLE_PAGES))
    // ToInt32 keeps the low bits, whatever the size of the number.
    return table === undefined ? 0 : table[page & (TABLE_PAGES - 1)]
  }

  /** How many pages from `page` on, at most `max`, allow `access` (one PROT_ bit) and are contiguous in the MemoryFile. */
  contiguous(page: number, access: number, max: number): number {
    let index = Math.floor(page / TABLE_PAGES)
    let slot = page & (TABLE_PAGES - 1)
    let table = this.#table(index)
    if (table === undefined) return 0
    let filePage = table[slot] >>> ENTRY_SHIFT
    let count = 0
    while (count < max) {
      const entry: Entry = table[slot]
      if ((entry & access) === 0 || entry >>> ENTRY_SHIFT !== filePage) break
      count++
      filePage++
      if (++slot < TABLE_PAGES) continue
      slot = 0
      table = this.#table(++index)
      if (table === undefined) break
    }
    return count
  }

  /** How many of the TABLE_PAGES pages around `page` are populated. */
  countAround(page: number): number {
    const table = this.#table(Math.floor(page / TABLE_PAGES))
    return table === undefined ? 0 : table[POPULATED]
  }

  /** Makes room for the entry of a page, so that `set` does not fail. @throws Errno ENOMEM */
  reserve(page: number): void {
    const index = Math.floor(page / TABLE_PAGES)
    if (this.#table(index) !== undefined) return
    this.#budget.take(COST.pageTable)
    this.#tables.set(index, new Int32Array(TABLE_PAGES + 1))
    this.#lastIndex = -1
  }

  /** Records an entry; changing the AddressSpace is up to the caller. @throws Errno ENOMEM, unless there is room */
  set(page: number, entry: Entry): void {
    if (entry !== 0) this.reserve(page)
    const table = this.#table(Math.floor(page / TABLE_PAGES))
    if (table === undefined) return
    const slot = page & (TABLE_PAGES - 1)
    const change = Number(entry !== 0) - Number(table[slot] !== 0)
    this.populated += change
    if (this.populated > this.peak) this.peak = this.populated
    table[POPULATED] += change
    table[slot] = entry
  }

  /** Calls `visit` for each populated page in [first, end), ascending. `visit` may change the entry it is given. */
  forEach(first: number, end: number, visit: (page: number, entry: Entry) => void): void {
    if (first >= end) return
    const firstIndex = Math.floor(first / TABLE_PAGES)
    const lastIndex = Math.floor((end - 1) / TABLE_PAGES)
    // A guest may map 100 TiB: walk the existing tables, not all possible ones.
    if (lastIndex - firstIndex < this.#tables.size) {
      for (let index = firstIndex; index <= lastIndex; index++) this.#visitTable(index, first, end, visit)
      return
    }
    const indices = [...this.#tables.keys()].filter((index) => index >= firstIndex && index <= lastIndex)
    for (const index of indices.sort((a, b) => a - b)) this.#visitTable(index, first, end, visit)
  }

  /** Unmaps [first, end) and drops the references to its pages. */
  remove(first: number, end: number): void {
    // The guest must lose the pages before anything else can get them.
    if (this.unmap(first, end) === 0) {
      this.#dropTables(first, end)
      return
    }
    let runOffset = 0
    let runLength = 0
    this.forEach(first, end, (page, entry) => {
      const offset = (entry >>> ENTRY_SHIFT) * PAGE_SIZE
      this.set(page, 0)
      if (offset === runOffset + runLength) {
        runLength += PAGE_SIZE
        return
      }
      if (runLength > 0) this.memory.free(runOffset, runLength)
      runOffset = offset
      runLength = PAGE_SIZE
    })
    if (runLength > 0) this.memory.free(runOffset, runLength)
    this.#dropTables(first, end)
  }

  /** Takes [first, end) out of the AddressSpace, keeping the entries. @returns how many pages were populated */
  unmap(first: number, end: number): number {
    let count = 0
    let runStart = 0
    let runEnd = -1
    this.forEach(first, end, (page) => {
      count++
      if (runEnd >= 0 && page - runEnd > MAX_GAP) {
        this.space.unmap(runStart * PAGE_SIZE, (runEnd - runStart) * PAGE_SIZE)
        runEnd = -1
      }
      if (runEnd < 0) runStart = page
      runEnd = page + 1
    })
    if (runEnd < 0) return 0
    this.space.unmap(runStart * PAGE_SIZE, (runEnd - runStart) * PAGE_SIZE)
    this.space.commit()
    return count
  }

  #table(index: number): Int32Array | undefined {
    if (index !== this.#lastIndex) {
      this.#lastIndex = index
      this.#lastTable = this.#tables.get(index)
    }
    return this.#lastTable
  }

  #visitTable(index: number, first: number, end: number, visit: (page: number, entry: Entry) => void): void {
    const table = this.#tables.get(index)
    if (table === undefined) return
    const base = index * TABLE_PAGES
    const from = Math.max(first - base, 0)
    const to = Math.min(end - base, TABLE_PAGES)
    for (let slot = from; slot < to; slot++) {
      if (table[slot] !== 0) visit(base + slot, table[slot])
    }
  }

  /** Frees empty tables in [first, end): a guest may touch single pages all over 128 TiB. */
  #dropTables(first: number, end: number): void {
    if (first >= end) return
    const firstIndex = Math.floor(first / TABLE_PAGES)
    const lastIndex = Math.floor((end - 1) / TABLE_PAGES)
    if (lastIndex - firstIndex < this.#tables.size) {
      for (let index = firstIndex; index <= lastIndex; index++) this.#dropEmpty(index)
    } else {
      for (const index of this.#tables.keys()) {
        if (index >= firstIndex && index <= lastIndex) this.#dropEmpty(index)
      }
    }
    this.#lastIndex = -1
  }

  #dropEmpty(index: number): void {
    if (this.#tables.get(index)?.[POPULATED] !== 0) return
    this.#tables.delete(index)
    this.#budget.give(COST.pageTable)
  }
}

/**
 * Collects pages, maps each contiguous run with one edit, and commits them.
 * @param populate all of it is about to be touched
 * @param lazily without memory for page tables, leave pages unmapped for later faults instead of throwing
 */
export class MapBatch {
  readonly #space: AddressSpace
  readonly #lazily: boolean
  readonly #populate: boolean
  #page = 0
  #count = 0
  #filePage = 0
  #protection = 0

  constructor(space: AddressSpace, {lazily = false, populate = false} = {}) {
    this.#space = space
    this.#lazily = lazily
    this.#populate = populate
  }

  /** Maps guest page `page` to what `entry` says. */
  add(page: number, entry: Entry): void {
    const filePage = entry >>> ENTRY_SHIFT
    const protection = entry & ENTRY_PROTECTION
    const continues =
      page === this.#page + this.#count &&
      filePage === this.#filePage + this.#count &&
      protection === this.#protection
    if (continues && this.#count > 0) {
      this.#count++
      return
    }
    this.#edit()
    this.#page = page
    this.#filePage = filePage
    this.#protection = protection
    this.#count = 1
  }

  /** @throws Errno ENOMEM unless lazy */
  commit(): void {
    this.#edit()
    try {
      this.#space.commit()
    } catch (error) {
      if (!this.#lazily || !(error instanceof Errno)) throw error
    }
  }

  #edit(): void {
    if (this.#count === 0) return
    const address = this.#page * PAGE_SIZE
    const length = this.#count * PAGE_SIZE
    this.#count = 0
    // Hardware has no mapping without access: a PROT_NONE page is an absent one.
    if (this.#protection === 0) this.#space.unmap(address, length)
    else this.#space.map(address, length, this.#filePage * PAGE_SIZE, this.#protection, this.#populate)
  }
}
