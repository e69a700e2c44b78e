// SharedMemory: what MAP_SHARED | MAP_ANONYMOUS maps: pages without a file, gone with the last process that maps them.

import type {MemoryFile} from '../../platform/memory-file.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Mappable} from '../../vfs/file.ts'
import {pagesWithin} from '../../vfs/fs/page-range.ts'
import type {Backing} from './vma.ts'

export class SharedMemory implements Mappable, Backing {
  /** What Linux's shmem calls it. */
  readonly path = '/dev/zero (deleted)'
  readonly dev = 1
  readonly ino: number
  readonly #memory: MemoryFile
  readonly #offsets = new Map<number, number>()
  #processes = 0

  static #lastInode = 0

  constructor(memory: MemoryFile) {
    this.#memory = memory
    this.ino = ++SharedMemory.#lastInode
  }

  get mappable(): Mappable {
    return this
  }

  acquire(): void {
    this.#processes++
  }

  release(): void {
    if (--this.#processes === 0) this.#discardFrom(this.#offsets.keys())
  }

  sharedPage(pageIndex: number): number {
    let offset = this.#offsets.get(pageIndex)
    if (offset === undefined) {
      offset = this.#memory.allocate(PAGE_SIZE)
      this.#offsets.set(pageIndex, offset)
    }
    this.#memory.share(offset, PAGE_SIZE)
    return offset
  }

  /** MADV_REMOVE: the pages read as zero again. Nobody may have them mapped. */
  discard(firstPage: number, pages: number): void {
    this.#discardFrom(pagesWithin(this.#offsets, firstPage, firstPage + pages))
  }

  markDirty(): void {}

  flush(): void {}

  #discardFrom(pages: Iterable<number>): void {
    for (const page of pages) {
      this.#memory.free(this.#offsets.get(page)!, PAGE_SIZE)
      this.#offsets.delete(page)
    }
  }
}
