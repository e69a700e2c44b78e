// DiskQuota: how much the files in all of a guest's writable trees in memory may hold together: `--disk`.

import {ENOSPC, Errno} from '../abi/errno.ts'

const PAGE_SIZE = 4096
export const LEAST_DISK_BYTES = PAGE_SIZE
/** Even empty files cost something: there is one inode to a page, as on a file system of small files, but never fewer than these. */
const LEAST_INODES = 1024

export class DiskQuota {
  readonly pages: number
  readonly inodes: number
  /** Called each time more is wanted than there is. */
  onFull: (() => void) | undefined
  #usedPages = 0
  #usedInodes = 0

  constructor(bytes = Number.POSITIVE_INFINITY) {
    this.pages = Math.floor(bytes / PAGE_SIZE)
    this.inodes = Math.max(LEAST_INODES, this.pages)
  }

  get usedBytes(): number {
    return this.#usedPages * PAGE_SIZE
  }

  /** Infinity: no limit. */
  get bytes(): number {
    return this.pages * PAGE_SIZE
  }

  get freePages(): number {
    return this.pages - this.#usedPages
  }

  get freeInodes(): number {
    return this.inodes - this.#usedInodes
  }

  /** @throws Errno ENOSPC, having taken nothing */
  takePages(count: number): void {
    this.requirePages(count)
    this.#usedPages += count
  }

  givePages(count: number): void {
    this.#usedPages -= count
  }

  /** @throws Errno ENOSPC when that many more never fit */
  requirePages(count: number): void {
    if (count > this.freePages) this.#refuse()
  }

  /** @throws Errno ENOSPC */
  takeInode(): void {
    if (this.freeInodes < 1) this.#refuse()
    this.#usedInodes++
  }

  giveInode(): void {
    this.#usedInodes--
  }

  #refuse(): never {
    this.onFull?.()
    throw new Errno(ENOSPC)
  }
}
