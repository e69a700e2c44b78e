// Vma: one mapping of a process: an address range, its protection, and what backs it.

import {WORD_END} from '../../abi/word.ts'
import {PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {Mappable} from '../../vfs/file.ts'

export const VM_SHARED = 1
export const VM_GROWSDOWN = 2
export const VM_NORESERVE = 4
export const VM_LOCKED = 8
/** madvise(2)'s marks, for a later fork or core dump. */
export const VM_DONTFORK = 16
export const VM_DONTDUMP = 32
export const VM_WIPEONFORK = 64
/** The vDSO and the like: it cannot grow, and madvise leaves its pages alone. */
export const VM_SPECIAL = 128
/** mlock2(MLOCK_ONFAULT): locked, but not populated at once. */
export const VM_LOCKONFAULT = 256
/** Trampolines of patched call sites: CallPatches. */
export const VM_TRAMPOLINES = 512

export const PROT_ALL = PROT_READ | PROT_WRITE | PROT_EXEC

/** The open file that backs a mapping (one object per file description), and its name in /proc/self/maps. */
export interface Backing {
  readonly mappable: Mappable
  /** Absolute path in the guest, a byte string. */
  readonly path: string
  readonly dev: number
  readonly ino: number
  /** Makes a hole in the file, in bytes: madvise(MADV_REMOVE). Absent: it cannot be written. */
  punch?(offset: number, length: number): void
  /** A process began to use it, or no longer has a mapping of it: this keeps the file alive. */
  acquire?(): void
  release?(): void
}

/** Addresses are bytes, multiples of 4096. `pageOffset` is the file's page at `start`; 0 for anonymous memory. */
export class Vma {
  start: number
  end: number
  protection: number
  /** What mprotect(2) may ask for. */
  maxProtection: number
  flags: number
  backing: Backing | undefined
  pageOffset: number
  /** `[heap]`, `[stack]`, `[vdso]`, or ''. */
  name: string
  /** The range that the last fault populated, in pages, and its size: sequential faults populate more at once. */
  faultStart = 0
  faultEnd = 0
  faultWindow = 0

  constructor(parts: VmaParts) {
    this.start = parts.start
    this.end = parts.end
    this.protection = parts.protection
    this.maxProtection = parts.maxProtection
    this.flags = parts.flags
    this.backing = parts.backing
    this.pageOffset = parts.pageOffset
    this.name = parts.name
  }

  get isShared(): boolean {
    return (this.flags & VM_SHARED) !== 0
  }

  /** Counts against RLIMIT_DATA: private, writable, not a stack (mm/mmap.c, is_data_mapping). */
  get isData(): boolean {
    return (this.protection & PROT_WRITE) !== 0 && (this.flags & (VM_SHARED | VM_GROWSDOWN)) === 0
  }

  /** The file's page that backs a guest page. */
  filePage(page: number): number {
    return this.pageOffset + page - this.start / PAGE_SIZE
  }

  /** Cuts [address, end) off and returns it. */
  splitAt(address: number): Vma {
    const tail = new Vma(this)
    tail.start = address
    if (this.backing !== undefined) tail.pageOffset += (address - this.start) / PAGE_SIZE
    tail.faultStart = this.faultStart
    tail.faultEnd = this.faultEnd
    tail.faultWindow = this.faultWindow
    this.end = address
    return tail
  }

  /** Whether `next`, which starts where this ends, continues the same mapping. */
  continuesIn(next: Vma): boolean {
    return (
      this.end === next.start &&
      this.protection === next.protection &&
      this.maxProtection === next.maxProtection &&
      this.flags === next.flags &&
      this.name === next.name &&
      this.backing === next.backing &&
      (this.backing === undefined || this.filePage(this.end / PAGE_SIZE) === next.pageOffset)
    )
  }
}

export type VmaParts = Pick<
  Vma,
  'start' | 'end' | 'protection' | 'maxProtection' | 'flags' | 'backing' | 'pageOffset' | 'name'
>

/** In whole pages; 0 for the very last bytes, as Linux's PAGE_ALIGN wraps. */
export function pageAlign(bytes: number): number {
  const aligned = Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE
  return aligned === WORD_END ? 0 : aligned
}
