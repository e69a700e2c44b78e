// Pager: populates a mapping with as few faults as possible: zero pages, file pages, copies on write.

import {Errno} from '../../abi/errno.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import {PAGE_SIZE, PROT_NONE, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {FaultWindows} from './fault-windows.ts'
import {
  ENTRY_FLAGS,
  ENTRY_GUARDED,
  ENTRY_PRESENT,
  ENTRY_PROTECTION,
  ENTRY_SHIFT,
  type Entry,
  MapBatch,
  type PageTable,
  TABLE_PAGES,
} from './page-table.ts'
import {type Backing, VM_LOCKONFAULT, type Vma} from './vma.ts'

/**
 * One fault populates an aligned window of FaultWindows' size, which doubles each time the next fault comes right after (or before)
 * the last, up to one 2 MiB chunk.
 */
const MAX_WINDOW = 512
/** Where this many of a table's pages are present, the others will be touched too, in any order. */
const DENSE_PAGES = TABLE_PAGES / 8
const DIRTY_WINDOW = 1

export class Pager {
  readonly #pages: PageTable
  readonly #memory: MemoryFile
  readonly #windows: FaultWindows

  constructor(pages: PageTable, windows: FaultWindows) {
    this.#pages = pages
    this.#memory = pages.memory
    this.#windows = windows
  }

  /**
   * Makes `page` (a guest page number in `vma`) accessible; the access is known to be allowed.
   * @param wanted how many pages from `page` on will be needed: a hint
   * @throws Errno ENOMEM; ENXIO (past the end), EIO, ENOSPC … from the file
   */
  populate(vma: Vma, page: number, access: number, wanted: number): void {
    const entry = this.#pages.get(page)
    const writes = (access & PROT_WRITE) !== 0
    // Another thread was first, or the processor still has an old entry: map it again.
    if (entry !== 0 && !(writes && entry & ENTRY_GUARDED)) this.#remap(vma, page, entry)
    else if (vma.backing === undefined && entry === 0) this.#populateZero(vma, page, wanted)
    else if (vma.backing === undefined) this.#copyWindow(vma, page, 1)
    else if (!writes) this.#populateFile(vma, vma.backing, page, wanted)
    else if (vma.isShared) this.#populateShared(vma, vma.backing, page, wanted)
    else this.#copyWindow(vma, page, wanted)
  }

  /** A forked space may lack what its tables say: the neighbouring pages come back with this one. */
  #remap(vma: Vma, page: number, entry: Entry): void {
    this.#pages.set(page, withProtection(entry, vma.protection))
    this.#mapPages([page])
    const [first, end] = faultWindow(vma, page, this.#windows.read, 1)
    const batch = new MapBatch(this.#pages.space, {lazily: true})
    this.#pages.forEach(first, end, (target, around) => {
      if (target !== page) batch.add(target, around)
    })
    batch.commit()
  }

  #populateZero(vma: Vma, page: number, wanted: number): void {
    const [windowFirst, windowEnd] = faultWindow(vma, page, this.#zeroWindow(page), wanted)
    let first = page
    let end = page + 1
    while (first > windowFirst && this.#pages.get(first - 1) === 0) first--
    while (end < windowEnd && this.#pages.get(end) === 0) end++

    this.#pages.reserve(first)
    this.#pages.reserve(end - 1)
    let offset: number
    try {
      offset = this.#memory.allocate((end - first) * PAGE_SIZE)
    } catch (error) {
      if (!(error instanceof Errno) || end - first === 1) throw error
      first = page
      end = page + 1
      offset = this.#memory.allocate(PAGE_SIZE)
    }
    // The program walks through its memory, or the host needs no memory for this.
    const populate = vma.faultWindow > this.#windows.zero || this.#memory.isReused
    const flags = ENTRY_PRESENT | hardwareProtection(vma.protection)
    const filePage = offset / PAGE_SIZE
    for (let i = 0; i < end - first; i++) {
      this.#pages.set(first + i, ((filePage + i) << ENTRY_SHIFT) | flags)
    }
    const [address, length] = [first * PAGE_SIZE, (end - first) * PAGE_SIZE]
    this.#pages.space.map(address, length, offset, flags & ENTRY_PROTECTION, populate)
    this.#pages.space.commit()
  }

  #zeroWindow(page: number): number {
    const {inUseBytes, size} = this.#memory
    // When memory runs short, a touched page must not reserve its neighbours.
    if (inUseBytes > size / 2) return 1
    const isDense = inUseBytes < size / 4 && this.#pages.countAround(page) >= DENSE_PAGES
    return isDense ? MAX_WINDOW : this.#windows.zero
  }

  /** Read and execute faults: maps the file's own pages, without write permission. */
  #populateFile(vma: Vma, backing: Backing, page: number, wanted: number): void {
    const {mappable} = backing
    const [first, end] = faultWindow(vma, page, this.#windows.read, wanted)
    const touched: number[] = []
    const [knownFirst, knownEnd] =
      mappable.hasPage === undefined ? [page, page + 1] : knownWindow(vma, page, this.#windows.known)
    visitWindow(Math.min(first, knownFirst), page, Math.max(end, knownEnd), (target) => {
      if (this.#pages.get(target) !== 0) return
      const filePage = vma.filePage(target)
      if ((target < first || target >= end) && mappable.hasPage?.(filePage) !== true) return
      // A page around it that nobody has touched is not made for this: mincore(2) would show it, and it costs memory.
      if (target !== page && mappable.isResident?.(filePage) === false) return
      this.#pages.reserve(target)
      this.#pages.set(target, guardedEntry(mappable.sharedPage(filePage), vma.protection))
      touched.push(target)
    })
    this.#mapPages(touched)
  }

  /** Write faults in shared mappings: marks the file's pages dirty, and makes them writable. */
  #populateShared(vma: Vma, backing: Backing, page: number, wanted: number): void {
    const [, end] = faultWindow(vma, page, DIRTY_WINDOW, wanted)
    const touched: number[] = []
    visitWindow(page, page, end, (target) => {
      const present = this.#pages.get(target)
      if (present !== 0 && !(present & ENTRY_GUARDED)) return
      this.#pages.reserve(target)
      const filePage = vma.filePage(target)
      const offset = present === 0 ? backing.mappable.sharedPage(filePage) : entryOffset(present)
      backing.mappable.markDirty(filePage)
      this.#pages.set(target, openEntry(offset, vma.protection))
      touched.push(target)
    })
    this.#mapPages(touched)
  }

  /** Write faults in private pages that others see too: gives the mapping its own copies. */
  #copyWindow(vma: Vma, page: number, wanted: number): void {
    const [first, end] = faultWindow(vma, page, this.#windows.copy, wanted)
    const touched: number[] = []
    const replaced: number[] = []
    visitWindow(first, page, end, (target) => {
      const present = this.#pages.get(target)
      if (present !== 0 && !(present & ENTRY_GUARDED)) return
      if (present === 0 && vma.backing === undefined) return
      this.#pages.reserve(target)
      this.#pages.set(target, this.#ownEntry(vma, target, present, replaced))
      touched.push(target)
    })
    try {
      this.#mapPages(touched, true)
    } finally {
      // Only now has the guest lost them.
      for (const offset of replaced) this.#memory.free(offset, PAGE_SIZE)
    }
  }

  #ownEntry(vma: Vma, page: number, present: Entry, replaced: number[]): Entry {
    const source = present === 0 ? vma.backing!.mappable.sharedPage(vma.filePage(page)) : entryOffset(present)
    if (vma.backing === undefined && this.#memory.references(source) === 1)
      return openEntry(source, vma.protection)

    replaced.push(source)
    let target: number
    try {
      target = this.#memory.copyPage(source)
    } catch (error) {
      // An absent page's reference is given back; a present one's stays in the entry.
      replaced.pop()
      if (present === 0) this.#memory.free(source, PAGE_SIZE)
      throw error
    }
    return openEntry(target, vma.protection)
  }

  /** Maps in the AddressSpace what the entries say, with one call for each contiguous run. */
  #mapPages(pages: number[], populate = false): void {
    const batch = new MapBatch(this.#pages.space, {populate})
    pages.sort((a, b) => a - b)
    try {
      for (const page of pages) batch.add(page, this.#pages.get(page))
      batch.commit()
    } catch (error) {
      // The guest has what the entries say, or nothing: the next fault tries again.
      this.#pages.unmap(pages[0], pages[pages.length - 1] + 1)
      throw error
    }
  }
}

/** x86_64 and arm64 (without EPAN) cannot forbid reading of writable or executable pages. */
function hardwareProtection(protection: number): number {
  return protection === PROT_NONE ? PROT_NONE : protection | PROT_READ
}

/** The entry with the protection that a mapping has now. */
export function withProtection(entry: Entry, protection: number): Entry {
  const kept = entry & ~ENTRY_PROTECTION
  const allowed = hardwareProtection(protection)
  return kept | (entry & ENTRY_GUARDED ? allowed & ~PROT_WRITE : allowed)
}

/** An entry whose first write faults. */
function guardedEntry(offset: number, protection: number): Entry {
  return (openEntry(offset, protection) | ENTRY_GUARDED) & ~PROT_WRITE
}

export function entryOffset(entry: Entry): number {
  return (entry >>> ENTRY_SHIFT) * PAGE_SIZE
}

/** The entry with another page. */
export function withOffset(entry: Entry, offset: number): Entry {
  return ((offset / PAGE_SIZE) << ENTRY_SHIFT) | (entry & ENTRY_FLAGS)
}

function openEntry(offset: number, protection: number): Entry {
  return ((offset / PAGE_SIZE) << ENTRY_SHIFT) | ENTRY_PRESENT | hardwareProtection(protection)
}

/** The pages to populate for a fault at `page`: an aligned window within the mapping. Remembers it for the next fault. */
function faultWindow(vma: Vma, page: number, initial: number, wanted: number): [first: number, end: number] {
  // Locked pages are exactly those that were touched: mincore(2) shows them.
  if (vma.flags & VM_LOCKONFAULT) return [page, page + 1]
  const isSequential = page === vma.faultEnd || page + 1 === vma.faultStart
  const size = isSequential ? Math.min(Math.max(vma.faultWindow, initial) * 2, MAX_WINDOW) : initial
  const aligned = page - (page % size)
  const first = Math.max(aligned, vma.start / PAGE_SIZE)
  const end = Math.min(Math.max(aligned + size, page + Math.min(wanted, MAX_WINDOW)), vma.end / PAGE_SIZE)
  vma.faultWindow = size
  vma.faultStart = first
  vma.faultEnd = end
  return [first, end]
}

/** The pages around a fault, to be populated as far as that needs no reading. */
function knownWindow(vma: Vma, page: number, size: number): [first: number, end: number] {
  if (vma.flags & VM_LOCKONFAULT) return [page, page + 1]
  const aligned = page - (page % size)
  return [Math.max(aligned, vma.start / PAGE_SIZE), Math.min(aligned + size, vma.end / PAGE_SIZE)]
}

/** Visits `page`, which must succeed, and the window around it, until the file or memory ends. */
function visitWindow(first: number, page: number, end: number, visit: (page: number) => void): void {
  visit(page)
  try {
    // If the page is inside the file, so is everything below it: the end comes last.
    for (let target = first; target < page; target++) visit(target)
    for (let target = page + 1; target < end; target++) visit(target)
  } catch (error) {
    if (!(error instanceof Errno)) throw error
  }
}
