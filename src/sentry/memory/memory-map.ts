// MemoryMap: the memory of one process: its mappings and the pages behind them.

import {EEXIST, EINVAL, ENOMEM, EPERM, Errno} from '../../abi/errno.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import type {AddressSpace} from '../../platform/platform.ts'
import {
  ACCESS_UNKNOWN,
  PAGE_SIZE,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from '../../platform/platform.ts'
import type {Budget} from '../../vfs/budget.ts'
import type {Mappable} from '../../vfs/file.ts'
import type {ResourceLimits} from '../core/resource-limits.ts'
import {bytesWithin, checkExpansion, checkLocked, checkOvercommit} from './accounting.ts'
import {BUS_ADRERR, type FaultSignal, OUT_OF_MEMORY, SEGV_ACCERR, SEGV_MAPERR} from './fault-signal.ts'
import type {FaultWindows} from './fault-windows.ts'
import {FutexTable} from './futex-table.ts'
import {Heap} from './heap.ts'
import {ENTRY_GUARDED, PageTable} from './page-table.ts'
import {entryOffset, Pager} from './pager.ts'
import {restoreCode} from './patched-pages.ts'
import {growStack, MIN_ADDRESS, Placement} from './placement.ts'
import {type Backing, PROT_ALL, pageAlign, VM_LOCKED, VM_TRAMPOLINES, Vma} from './vma.ts'
import {VmaList} from './vma-list.ts'

export interface MemoryMapParts {
  space: AddressSpace
  memory: MemoryFile
  limits: ResourceLimits
  /** Counts mappings and page tables. */
  budget: Budget
  /** Platform.userTop. */
  userTop: number
  /** New mappings go below this; the stack is above. */
  mmapBase: number
  windows: FaultWindows
}

/** The request for map(). Addresses are multiples of 4096. */
export interface MapRequest {
  /** Bytes, rounded up to pages. */
  length: number
  /** A hint, or the place itself when `fixed`. */
  address?: number
  /** `replace`: MAP_FIXED; `keep`: MAP_FIXED_NOREPLACE. */
  fixed?: 'replace' | 'keep'
  /** Without `fixed`: the mapping ends at or below it. */
  ceiling?: number
  protection: number
  /** What mprotect may raise it to; default: everything. */
  maxProtection?: number
  /** VM_*. */
  flags?: number
  backing?: Backing
  /** The file's page at the start of the mapping. */
  pageOffset?: number
  name?: string
}

export class MemoryMap {
  readonly memory: MemoryFile
  readonly userTop: number
  readonly limits: ResourceLimits
  readonly vmas: VmaList
  readonly pages: PageTable
  readonly placement: Placement
  readonly heap: Heap
  readonly windows: FaultWindows
  /** Sleepers on private futexes in this memory. */
  readonly futexes = new FutexTable()
  /** mlockall(MCL_FUTURE): VM_ flags that new mappings get. */
  defaultFlags = 0
  /** Minor faults: Linux would have taken one for each page that a fault brings. */
  faults = 0
  /** Called before trampolines of CallPatches go, or stop being executable. */
  onTrampolinesLost: (() => void) | undefined
  readonly #pager: Pager

  constructor(parts: MemoryMapParts) {
    this.memory = parts.memory
    this.userTop = parts.userTop
    this.limits = parts.limits
    this.vmas = new VmaList(parts.budget)
    this.pages = new PageTable(parts.space, parts.memory, parts.budget)
    this.placement = new Placement(this.vmas, parts.mmapBase, parts.userTop)
    this.heap = new Heap(this)
    this.windows = parts.windows
    this.#pager = new Pager(this.pages, parts.windows)
  }

  /** Populated bytes: VmRSS. */
  get residentBytes(): number {
    return this.pages.populated * PAGE_SIZE
  }

  get peakBytes(): number {
    return this.pages.peak * PAGE_SIZE
  }

  /**
   * mmap(2) without its decoding. @returns the address
   * @throws Errno ENOMEM, EINVAL, EEXIST, EPERM, EAGAIN (RLIMIT_MEMLOCK)
   */
  map(request: MapRequest): number {
    if (request.length === 0) throw new Errno(EINVAL)
    const length = pageAlign(request.length)
    if (length === 0 || length > this.userTop || !this.vmas.hasRoom(1)) throw new Errno(ENOMEM)
    const start = this.#place(request, length)
    const vma = new Vma({
      start,
      end: start + length,
      protection: request.protection,
      maxProtection: request.maxProtection ?? PROT_ALL,
      flags: (request.flags ?? 0) | this.defaultFlags,
      backing: request.backing,
      pageOffset: request.backing === undefined ? 0 : (request.pageOffset ?? 0),
      name: request.name ?? '',
    })
    const replaced = request.fixed === 'replace' ? bytesWithin(this.vmas, start, vma.end) : 0
    checkExpansion(this.vmas, this.limits, length - replaced, vma.isData ? length : 0)
    if (vma.flags & VM_LOCKED) checkLocked(this.vmas, this.limits, length)
    checkOvercommit(vma, length, this.memory.size)
    if (request.fixed === 'replace') this.unmap(start, length)
    this.vmas.insert(vma)
    return start
  }

  /** munmap(2); holes are fine. @throws Errno EINVAL; ENOMEM when a split would be one mapping too many */
  unmap(address: number, length: number): void {
    const end = address + pageAlign(length)
    if (address % PAGE_SIZE !== 0 || end === address || end > this.userTop) throw new Errno(EINVAL)
    const removed = this.vmas.remove(address, end)
    if (removed.some(({flags}) => flags & VM_TRAMPOLINES)) this.onTrampolinesLost?.()
    for (const vma of removed) {
      this.releasePages(vma, vma.start, vma.end)
      this.vmas.drop(vma)
    }
    if (removed.length > 0) this.placement.noteFreed(end)
  }

  /**
   * A page fault, or an access by the sentry for the guest: makes `address` accessible if its mapping allows the access.
   * @param wanted a PROT_ bit, or ACCESS_UNKNOWN
   * @param wantedPages how many pages from there on will be needed: a hint
   * @returns true: try again; otherwise the signal that the guest gets
   */
  handleFault(address: number, wanted: number, wantedPages = 1): true | FaultSignal {
    if (!(address >= 0 && address < this.userTop)) return SEGV_MAPERR
    const vma = this.vmas.at(address) ?? growStack(this.vmas, this.limits, address)
    if (vma === undefined) return SEGV_MAPERR
    const access = wanted === ACCESS_UNKNOWN ? likelyAccess(vma) : wanted
    if (!allows(vma.protection, access)) return SEGV_ACCERR
    const before = this.pages.populated
    try {
      this.#pager.populate(vma, Math.floor(address / PAGE_SIZE), access, wantedPages)
      this.faults += Math.max(1, this.pages.populated - before)
      return true
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      if (error.code !== ENOMEM) return BUS_ADRERR
      return OUT_OF_MEMORY
    }
  }

  /** Makes the mapped page at `address` private to this map. @returns its offset in the MemoryFile @throws Errno ENOMEM */
  ownPage(address: number): number {
    const page = address / PAGE_SIZE
    this.#pager.populate(this.vmas.at(address)!, page, PROT_WRITE, 1)
    return entryOffset(this.pages.get(page))
  }

  /** The file was truncated: its pages from `fromPage` on are gone, with private copies. */
  invalidate(mappable: Mappable, fromPage: number): void {
    for (const vma of this.vmas) {
      if (vma.backing?.mappable !== mappable) continue
      const first = vma.start / PAGE_SIZE + Math.max(fromPage - vma.pageOffset, 0)
      this.pages.remove(first, vma.end / PAGE_SIZE)
      // The rest of the last page reads as zeros now.
      if (fromPage > vma.pageOffset) restoreCode(this, (first - 1) * PAGE_SIZE, first * PAGE_SIZE)
    }
  }

  /** A hole was punched into the file. Writes to other pages of the mapping stay in the file. */
  invalidateHole(mappable: Mappable, fromPage: number, endPage: number): void {
    for (const vma of this.vmas) {
      if (!vma.isShared || vma.backing?.mappable !== mappable) continue
      const first = vma.start / PAGE_SIZE + Math.max(fromPage - vma.pageOffset, 0)
      const end = Math.min(vma.start / PAGE_SIZE + endPage - vma.pageOffset, vma.end / PAGE_SIZE)
      if (first < end) this.pages.remove(first, end)
    }
  }

  /** Call before a file is synced: tells it which pages this process may have written through a mapping. */
  noteWrites(mappable: Mappable): void {
    for (const vma of this.vmas) {
      if (vma.backing?.mappable === mappable) this.markDirty(vma, vma.start, vma.end)
    }
  }

  /** Drops the pages of a part of `vma`; what was written through a shared mapping reaches its file. */
  releasePages(vma: Vma, start: number, end: number): void {
    this.flush(vma, start, end)
    this.pages.remove(start / PAGE_SIZE, end / PAGE_SIZE)
  }

  /** msync(2) of a part of `vma`. */
  flush(vma: Vma, start: number, end: number): void {
    if (this.markDirty(vma, start, end) === 0) return
    vma.backing!.mappable.flush(vma.filePage(start / PAGE_SIZE), (end - start) / PAGE_SIZE)
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
    this.onTrampolinesLost = undefined
    this.unmap(0, this.userTop)
    this.defaultFlags = 0
    this.heap.place(0)
  }

  #place(request: MapRequest, length: number): number {
    const address = request.address ?? 0
    if (request.fixed === undefined) {
      const hint = address - (address % PAGE_SIZE)
      const found = this.placement.find(length, hint, request.ceiling)
      if (found < 0) throw new Errno(ENOMEM)
      return found
    }
    if (address + length > this.userTop) throw new Errno(ENOMEM)
    if (address % PAGE_SIZE !== 0) throw new Errno(EINVAL)
    if (address < MIN_ADDRESS) throw new Errno(EPERM)
    if (request.fixed === 'keep') this.#requireFree(address, address + length)
    return address
  }

  /** Trampolines give way: natively there would be nothing. */
  #requireFree(start: number, end: number): void {
    const mapped = this.vmas.within(start, end)
    if (mapped.some(({flags}) => !(flags & VM_TRAMPOLINES))) throw new Errno(EEXIST)
    for (const vma of mapped) this.unmap(vma.start, vma.end - vma.start)
  }
}

/** A writable private mapping of a file is usually a program's data, most of which is written at once. */
function likelyAccess({backing, isShared, protection}: Vma): number {
  return backing !== undefined && !isShared && protection & PROT_WRITE ? PROT_WRITE : PROT_READ
}

/** Linux's access_error: pages that can be written or executed can be read. */
function allows(protection: number, access: number): boolean {
  if (access & PROT_WRITE) return (protection & PROT_WRITE) !== 0
  if (access & PROT_EXEC) return (protection & PROT_EXEC) !== 0
  return protection !== PROT_NONE
}
