// SharedMemory: what MAP_SHARED | MAP_ANONYMOUS maps: pages without a file, which go with the last address space that maps them.

import type {MemoryFile} from '../../platform/memory-file.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Mappable} from '../../vfs/file.ts'
import {pagesWithin} from '../../vfs/fs/page-range.ts'
import type {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'
import type {MemoryMap} from './memory-map.ts'
import type {Backing} from './vma.ts'

interface SharedMemoryKernel {
  readonly platform: {readonly memory: MemoryFile}
  readonly vfs: VirtualFileSystem
  readonly processes: ReadonlyMap<number, {readonly memoryMap: MemoryMap}>
}

export class SharedMemory implements Mappable, Backing {
  /** What Linux's shmem calls it. */
  readonly path = '/dev/zero (deleted)'
  readonly dev: number
  readonly ino: number
  readonly #memory: MemoryFile
  readonly #offsets = new Map<number, number>()
  readonly #kernel: SharedMemoryKernel
  /** Address spaces and other holders. */
  #holders = 0

  /** @param kernel whose address spaces all lose what is punched */
  constructor(kernel: SharedMemoryKernel) {
    this.#memory = kernel.platform.memory
    this.#kernel = kernel
    const {sharedMemory} = kernel.vfs
    this.dev = sharedMemory.dev
    this.ino = sharedMemory.takeIno()
  }

  get mappable(): Mappable {
    return this
  }

  /** How many pages exist: those that were touched. */
  get pageCount(): number {
    return this.#offsets.size
  }

  acquire(): void {
    this.#holders++
  }

  release(): void {
    if (--this.#holders === 0) this.#discardFrom(this.#offsets.keys())
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

  isResident(pageIndex: number): boolean {
    return this.#offsets.has(pageIndex)
  }

  /**
   * MADV_REMOVE: the pages read as zero again.
   * @param shown the Mappable that its mappings have
   */
  punch(offset: number, length: number, shown: Mappable = this): void {
    const [first, end] = [offset / PAGE_SIZE, (offset + length) / PAGE_SIZE]
    for (const {memoryMap} of this.#kernel.processes.values()) memoryMap.invalidateHole(shown, first, end)
    this.#discardFrom(pagesWithin(this.#offsets, first, end))
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
