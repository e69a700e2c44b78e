// MemoryFile: one memfd that holds all guest memory, visible to the sentry as typed arrays. A page allocator works on top of it.

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
