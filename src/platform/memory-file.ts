// MemoryFile: one memfd that holds all guest memory, visible to the sentry as typed arrays; its size, and how much of it V8 is shown.

import {HvError} from '../errors.ts'
import {PAGE_SIZE} from './platform.ts'

/**
 * How much of a region is shown at first: a program that ends soon needs no more. When V8 is shown more than 32 MiB in all it collects
 * garbage before it makes an array, and at 64 MiB at once: 5 ms and more.
 */
export const FIRST_BYTES = {memory: 24 << 20, supervisor: 4 << 20} as const

/** The addon's memory as an ArrayBuffer that shows V8 no more than is used. */
export class ShownRegion {
  readonly size: number
  readonly #show: (bytes: number) => ArrayBuffer
  #shown: ArrayBuffer

  /** @param show makes a new buffer over the first so many bytes of `size`; earlier buffers stay valid */
  constructor(size: number, firstBytes: number, show: (bytes: number) => ArrayBuffer) {
    this.size = size
    this.#show = show
    this.#shown = show(Math.min(size, firstBytes))
  }

  /** A buffer with at least the first `end` bytes. */
  upTo(end: number): ArrayBuffer {
    if (end > this.#shown.byteLength) this.#shown = this.#show(this.size)
    return this.#shown
  }

  /** @param offset in bytes */
  words(offset: number, count: number): Int32Array {
    return new Int32Array(this.upTo(offset + count * Int32Array.BYTES_PER_ELEMENT), offset, count)
  }
}

const MEMORY_MIN = 1 << 20
const MEMORY_MAX = 2 ** 32

/** Rounds up to pages. @throws HvError MEMORY_SIZE */
export function memoryFileBytes(memoryBytes: number): number {
  const size = Math.ceil(memoryBytes / PAGE_SIZE) * PAGE_SIZE
  if (size >= MEMORY_MIN && size <= MEMORY_MAX) return size
  const problem = `guest memory of ${memoryBytes} bytes is out of range`
  throw new HvError('MEMORY_SIZE', problem, 'give 1 MiB to 4 GiB; a bare-metal guest has 3 GiB at most')
}

/** Pages that are not in use now. */
export interface MemoryCache {
  readonly bytes: number
  /** Frees all of them. */
  drop(): void
}

/** All guest memory. An offset is a byte offset into the file; a page is 4096 bytes. */
export interface MemoryFile {
  /** Bytes; at most 4 GiB. */
  readonly size: number
  /** What can be allocated so far. An allocation may replace these three by longer ones: the memory stays the same. */
  readonly bytes: Uint8Array
  readonly int32s: Int32Array
  /** For text. */
  readonly buffer: Buffer
  /** Bytes of pages that are allocated now. */
  readonly allocatedBytes: number
  /** The same, less what `cache` would give back. */
  readonly inUseBytes: number
  /** What is kept for later use, until memory runs short. */
  cache: MemoryCache | undefined
  /** Called whenever too little is left for a request, and that is less than 2 MiB. */
  onFull: (() => void) | undefined
  /** The most that `allocatedBytes` was since the start, or since `resetPeak`. */
  readonly peakBytes: number
  resetPeak(): void

  /**
   * Allocates `length` bytes (a multiple of 4096) that read as zero, contiguous, with one reference per page.
   * Untouched memory costs nothing.
   * @returns the offset
   * @throws Errno ENOMEM
   */
  allocate(length: number): number
  /** Allocates a page with the content of the one at `offset`, as `allocate` does. */
  copyPage(offset: number): number
  /** The memory of the last allocation was in use before, so the host has backed it already. */
  readonly isReused: boolean
  /** Takes one more reference to each page of the range. */
  share(offset: number, length: number): void
  /** References of the page at `offset`. */
  references(offset: number): number
  /** Drops one reference per page; pages without any are freed and their memory goes back to the host. */
  free(offset: number, length: number): void
  /** While nothing runs: gives back to the host much of what is kept for later allocations. */
  trim(): void
  /** Makes the pages read as zero again and gives their memory back to the host, keeping them allocated. */
  discard(offset: number, length: number): void
}
