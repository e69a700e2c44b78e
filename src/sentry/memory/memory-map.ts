// MemoryMap: the memory of one process: its mappings and the pages behind them.

import {EACCES, EEXIST, EINVAL, EIO, ENOMEM, ENXIO, EPERM, Errno} from '../../abi/errno.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import type {AddressSpace} from '../../platform/platform.ts'
import {PAGE_SIZE, PROT_EXEC, PROT_NONE, PROT_WRITE} from '../../platform/platform.ts'
import type {Mappable} from '../../vfs/file.ts'
import {type ResourceLimits, RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK} from '../resource-limits.ts'
import {ENTRY_GUARDED, MapBatch, PageTable} from './page-table.ts'
import {Pager, withProtection} from './pager.ts'
import {MIN_ADDRESS, Placement, STACK_GUARD_GAP} from './placement.ts'
import {type Backing, PROT_ALL, VM_GROWSDOWN, VM_LOCKED, VM_NORESERVE, Vma} from './vma.ts'
import {MAX_MAPPINGS, VmaList} from './vma-list.ts'

/** Why a fault cannot be mended: the signal and its si_code. */
export interface FaultSignal {
  readonly signal: number
  readonly code: number
}

/** SIGSEGV, nothing mapped there. */
export const SEGV_MAPERR: FaultSignal = {signal: 11, code: 1}
/** SIGSEGV, the mapping forbids it. */
export const SEGV_ACCERR: FaultSignal = {signal: 11, code: 2}
/** SIGBUS, behind the end of the file. */
export const BUS_ADRERR: FaultSignal = {signal: 7, code: 2}
/** SIGKILL, out of memory: what Linux's OOM killer does. */
export const OUT_OF_MEMORY: FaultSignal = {signal: 9, code: 0x80}

export interface MemoryMapParts {
  space: AddressSpace
  memory: MemoryFile
  limits: ResourceLimits
  /** Platform.userTop. */
  userTop: number
  /** New mappings go below it; above it is the stack. */
  mmapBase: number
}

/** What map() is asked for. Addresses and offsets are multiples of 4096. */
export interface MapRequest {
  /** Bytes, rounded up to pages. */
  length: number
  /** A hint, or the place itself when `fixed`. */
  address?: number
  /** `replace`: MAP_FIXED; `keep`: MAP_FIXED_NOREPLACE. */
  fixed?: 'replace' | 'keep'
  protection: number
  /** What mprotect may raise it to; everything unless said. */
  maxProtection?: number
  /** VM_*. */
  flags?: number
  backing?: Backing
  /** The file's page at the start of the mapping. */
  pageOffset?: number
  name?: string
}

/** A stack grows by at least this much: one fault for 16 pages. */
const STACK_STEP = 16 * PAGE_SIZE
/** Linux refuses one mapping that is larger than all memory; ours may be a small slice of the host's. */
const MIN_OVERCOMMIT = 4 * 2 ** 30

export class MemoryMap {
  readonly memory: MemoryFile
  readonly userTop: number
  readonly vmas = new VmaList()
  readonly pages: PageTable
  readonly limits: ResourceLimits
  readonly placement: Placement
  /** mlockall(MCL_FUTURE): VM_ flags that new mappings get. */
  defaultFlags = 0
  /** Faults mended, for --stats. */
  faults = 0
  readonly #pager: Pager
  #brkStart = 0
  #brk = 0

  constructor(parts: MemoryMapParts) {
    this.memory = parts.memory
    this.userTop = parts.userTop
    this.limits = parts.limits
    this.pages = new PageTable(parts.space, parts.memory)
    this.placement = new Placement(this.vmas, parts.mmapBase, parts.userTop)
    this.#pager = new Pager(this.pages)
  }

  /** Populated bytes: VmRSS. */
  get residentBytes(): number {
    return this.pages.populated * PAGE_SIZE
  }

  /** Mapped bytes: VmSize. */
  get mappedBytes(): number {
    let total = 0
    for (const vma of this.vmas) total += vma.end - vma.start
    return total
  }

  /** VmData: what RLIMIT_DATA counts. */
  get dataBytes(): number {
    let total = 0
    for (const vma of this.vmas) if (vma.isData) total += vma.end - vma.start
    return total
  }

  /**
   * mmap(2) without its decoding. @returns the address
   * @throws Errno ENOMEM, EINVAL, EEXIST, EPERM
   */
  map(request: MapRequest): number {
    const length = pageAlign(request.length)
    if (length === 0) throw new Errno(EINVAL)
    if (length > this.userTop) throw new Errno(ENOMEM)
    if (this.vmas.length >= MAX_MAPPINGS) throw new Errno(ENOMEM)
    const start = this.#place(request, length)
    const end = start + length
    const vma = new Vma({
      start,
      end,
      protection: request.protection,
      maxProtection: request.maxProtection ?? PROT_ALL,
      flags: (request.flags ?? 0) | this.defaultFlags,
      backing: request.backing,
      pageOffset: request.backing === undefined ? 0 : (request.pageOffset ?? 0),
      name: request.name ?? '',
    })
    const replaced = request.fixed === 'replace' ? this.#bytesWithin(start, end) : 0
    this.checkExpansion(length - replaced, vma.isData ? length : 0)
    this.#checkOvercommit(vma)
    if (request.fixed === 'replace') this.unmap(start, length)
    this.vmas.insert(vma)
    return start
  }

  /** munmap(2); holes are fine. @throws Errno EINVAL; ENOMEM when a split would be one mapping too many */
  unmap(address: number, length: number): void {
    const end = address + pageAlign(length)
    if (address % PAGE_SIZE !== 0 || length <= 0 || end > this.userTop) throw new Errno(EINVAL)
    const removed = this.vmas.remove(address, end)
    for (const vma of removed) this.releasePages(vma, vma.start, vma.end)
    if (removed.length > 0) this.placement.noteFreed(end)
  }

  /** mprotect(2) of whole pages. What comes before a hole is changed. @throws Errno ENOMEM, EACCES */
  protect(start: number, end: number, protection: number): void {
    const covered = this.vmas.covers(start, end)
    const affected = this.vmas.carve(start, end)
    try {
      let reached = start
      for (const vma of affected) {
        if (vma.start > reached) break
        this.#protectOne(vma, protection)
        reached = vma.end
      }
    } finally {
      this.vmas.join(start, end)
    }
    if (!covered) throw new Errno(ENOMEM)
  }

  /**
   * A page fault, or the sentry in the guest's name: makes `address` accessible if the mapping allows `access` (PROT_ bits).
   * @param wantedPages how many pages from there on will be needed: a hint
   * @returns true: try again; else the signal that the guest gets
   */
  handleFault(address: number, access: number, wantedPages = 1): true | FaultSignal {
    if (!(address >= 0 && address < this.userTop)) return SEGV_MAPERR
    const vma = this.vmas.at(address) ?? this.#growStack(address)
    if (vma === undefined) return SEGV_MAPERR
    if (!allows(vma.protection, access)) return SEGV_ACCERR
    this.faults++
    try {
      this.#pager.populate(vma, Math.floor(address / PAGE_SIZE), access, wantedPages)
      return true
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      if (error.code === ENOMEM) return OUT_OF_MEMORY
      if (error.code === ENXIO || error.code === EIO) return BUS_ADRERR
      throw error
    }
  }

  /** Where the heap starts; the loader says so once. */
  setBrkStart(address: number): void {
    this.#brkStart = address
    this.#brk = address
  }

  /** brk(2): the new program break, or the old one when it cannot be. */
  setBrk(address: number): number {
    if (address < this.#brkStart || address > this.userTop) return this.#brk
    const oldEnd = pageAlign(this.#brk)
    const newEnd = pageAlign(address)
    try {
      if (newEnd < oldEnd) this.unmap(newEnd, oldEnd - newEnd)
      else if (newEnd > oldEnd) this.#growHeap(address, oldEnd, newEnd)
    } catch (error) {
      if (error instanceof Errno) return this.#brk
      throw error
    }
    this.#brk = address
    return address
  }

  /** The file was truncated: pages from `fromPage` on are gone, private copies too. Call it before the pages are reused. */
  invalidate(mappable: Mappable, fromPage: number): void {
    for (const vma of this.vmas) {
      if (vma.backing?.mappable !== mappable) continue
      const first = vma.start / PAGE_SIZE + Math.max(fromPage - vma.pageOffset, 0)
      this.pages.remove(first, vma.end / PAGE_SIZE)
    }
  }

  /** Before a file is synced: tells it which of its pages this process may have written through a mapping. */
  noteWrites(mappable: Mappable): void {
    for (const vma of this.vmas) {
      if (vma.backing?.mappable === mappable) this.markDirty(vma, vma.start, vma.end)
    }
  }

  /** Drops the pages of a part of `vma`; what was written through a shared mapping reaches its file. */
  releasePages(vma: Vma, start: number, end: number): void {
    const dirty = this.markDirty(vma, start, end)
    if (dirty > 0) vma.backing!.mappable.flush(vma.filePage(start / PAGE_SIZE), (end - start) / PAGE_SIZE)
    this.pages.remove(start / PAGE_SIZE, end / PAGE_SIZE)
  }

  /** Marks the file pages that a part of a shared mapping can write. @returns how many */
  markDirty(vma: Vma, start: number, end: number): number {
    const backing = vma.backing
    if (backing === undefined || !vma.isShared) return 0
    let count = 0
    this.pages.forEach(start / PAGE_SIZE, end / PAGE_SIZE, (page, entry) => {
      if (entry & ENTRY_GUARDED) return
      backing.mappable.markDirty(vma.filePage(page))
      count++
    })
    return count
  }

  /** Unmaps everything: execve(2), and the end of the process. */
  clear(): void {
    for (const vma of this.vmas.remove(0, this.userTop)) this.releasePages(vma, vma.start, vma.end)
    this.placement.noteFreed(this.userTop)
    this.defaultFlags = 0
    this.setBrkStart(0)
  }

  /** @throws Errno ENOMEM when `bytes` more, `dataBytes` of them data, would pass RLIMIT_AS or RLIMIT_DATA */
  checkExpansion(bytes: number, dataBytes: number): void {
    const spaceLimit = this.limits.get(RLIMIT_AS).soft
    // Counting walks the mappings: only for those who have a limit.
    if (spaceLimit !== Infinity && this.mappedBytes + bytes > spaceLimit) throw new Errno(ENOMEM)
    const dataLimit = this.limits.get(RLIMIT_DATA).soft
    if (dataBytes > 0 && dataLimit !== Infinity && this.dataBytes + dataBytes > dataLimit)
      throw new Errno(ENOMEM)
  }

  #place(request: MapRequest, length: number): number {
    const address = request.address ?? 0
    if (request.fixed === undefined) {
      const found = this.placement.find(length, address - (address % PAGE_SIZE))
      if (found < 0) throw new Errno(ENOMEM)
      return found
    }
    if (address % PAGE_SIZE !== 0) throw new Errno(EINVAL)
    if (address + length > this.userTop) throw new Errno(ENOMEM)
    if (address < MIN_ADDRESS) throw new Errno(EPERM)
    if (request.fixed === 'keep' && this.vmas.overlaps(address, address + length)) throw new Errno(EEXIST)
    return address
  }

  #checkOvercommit(vma: Vma): void {
    const isAccounted = vma.isData && (vma.flags & VM_NORESERVE) === 0
    if (isAccounted && vma.end - vma.start > Math.max(this.memory.size, MIN_OVERCOMMIT))
      throw new Errno(ENOMEM)
  }

  #bytesWithin(start: number, end: number): number {
    let total = 0
    for (const vma of this.vmas.within(start, end))
      total += Math.min(vma.end, end) - Math.max(vma.start, start)
    return total
  }

  #protectOne(vma: Vma, protection: number): void {
    if (protection & ~vma.maxProtection) throw new Errno(EACCES)
    if (protection === vma.protection) return
    const becomesData = protection & PROT_WRITE && !vma.isData && !vma.isShared && !(vma.flags & VM_GROWSDOWN)
    if (becomesData) this.checkExpansion(0, vma.end - vma.start)

    const losesWrite = (vma.protection & PROT_WRITE) !== 0 && (protection & PROT_WRITE) === 0
    const guard = losesWrite && vma.backing !== undefined && vma.isShared
    if (guard) this.markDirty(vma, vma.start, vma.end)
    vma.protection = protection
    const batch = new MapBatch(this.pages.space)
    this.pages.forEach(vma.start / PAGE_SIZE, vma.end / PAGE_SIZE, (page, entry) => {
      const changed = withProtection(guard ? entry | ENTRY_GUARDED : entry, protection)
      if (changed === entry) return
      this.pages.set(page, changed)
      batch.add(page, changed)
    })
    batch.flush()
  }

  #growHeap(address: number, oldEnd: number, newEnd: number): void {
    if (address - this.#brkStart > this.limits.get(RLIMIT_DATA).soft) throw new Errno(ENOMEM)
    if (!this.placement.isFree(oldEnd, newEnd)) throw new Errno(ENOMEM)
    const protection = PROT_ALL & ~PROT_EXEC
    this.map({address: oldEnd, length: newEnd - oldEnd, fixed: 'keep', protection, name: '[heap]'})
  }

  /** The stack above `address`, grown down to it; undefined when there is none or it must not. */
  #growStack(address: number): Vma | undefined {
    const index = this.vmas.indexAfter(address)
    const vma = this.vmas.get(index)
    if (vma === undefined || !(vma.flags & VM_GROWSDOWN)) return undefined
    const below = this.vmas.get(index - 1)
    const needsGap = below !== undefined && below.protection !== PROT_NONE && !(below.flags & VM_GROWSDOWN)
    const lowest = Math.max((below?.end ?? 0) + (needsGap ? STACK_GUARD_GAP : 0), MIN_ADDRESS)
    const limit = Math.max(vma.end - this.limits.get(RLIMIT_STACK).soft, lowest)
    const page = address - (address % PAGE_SIZE)
    if (page < limit) return undefined
    const start = Math.max(page - (page % STACK_STEP), Math.ceil(limit / PAGE_SIZE) * PAGE_SIZE)
    try {
      this.checkExpansion(vma.start - start, 0)
    } catch {
      return undefined
    }
    vma.start = start
    return vma
  }
}

/** Linux's access_error: whatever can be written or executed can be read. */
function allows(protection: number, access: number): boolean {
  if (access & PROT_WRITE) return (protection & PROT_WRITE) !== 0
  if (access & PROT_EXEC) return (protection & PROT_EXEC) !== 0
  return protection !== PROT_NONE
}

export function pageAlign(bytes: number): number {
  return Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE
}

/** For mlock(2) and its kin. */
export function lockedBytes(map: MemoryMap): number {
  let total = 0
  for (const vma of map.vmas) if (vma.flags & VM_LOCKED) total += vma.end - vma.start
  return total
}
