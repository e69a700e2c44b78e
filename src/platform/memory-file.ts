// MemoryFile: one memfd that holds all guest memory, visible to the sentry as typed arrays. A page allocator on top.

/** Pages that nobody uses now. */
export interface MemoryCache {
  readonly bytes: number
  /** Frees all of them. */
  drop(): void
}

/** All guest memory. An offset is a byte offset into the file; a page is 4096 bytes. */
export interface MemoryFile {
  /** Bytes; at most 4 GiB. */
  readonly size: number
  /** What can be allocated by now. An allocation may replace these three by longer ones: the memory stays the same. */
  readonly bytes: Uint8Array
  readonly int32s: Int32Array
  /** For text. */
  readonly buffer: Buffer
  /** Bytes of pages that are allocated now. */
  readonly allocatedBytes: number
  /** The same, without what `cache` would give back. */
  readonly inUseBytes: number
  /** What is kept for later use, until memory runs short. */
  cache: MemoryCache | undefined
  /** Called each time there is too little left for who asks: less than 2 MiB, or nothing. */
  onFull: (() => void) | undefined
  /** The most that `allocatedBytes` was since the start, or since `resetPeak`. */
  readonly peakBytes: number
  resetPeak(): void

  /**
   * Allocates `length` bytes (a multiple of 4096) that read as zero, contiguous, with one reference a page.
   * Memory that nobody touches costs nothing.
   * @returns the offset
   * @throws Errno ENOMEM
   */
  allocate(length: number): number
  /** A page of its own, with the content of the one at `offset`. As `allocate`. */
  copyPage(offset: number): number
  /** The memory of the last allocation was in use before: the host has it already. */
  readonly isReused: boolean
  /** Takes one more reference to each page of the range. */
  share(offset: number, length: number): void
  /** References of the page at `offset`. */
  references(offset: number): number
  /** Drops one reference a page; pages without any are freed and their memory goes back to the host. */
  free(offset: number, length: number): void
  /** While nothing runs: gives much of what is kept for allocations to come back to the host. */
  trim(): void
  /** Makes the pages read as zero again and gives their memory back to the host, keeping them allocated. */
  discard(offset: number, length: number): void
}
