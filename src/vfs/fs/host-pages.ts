// HostPages: the pages of a mapped host file, in the MemoryFile, kept coherent with read and write while it is open.

import {EIO, ENXIO, Errno} from '../../abi/errno.ts'
import {SEEK_END} from '../../abi/open-flags.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Mappable} from '../file.ts'
import {check, host} from '../host-calls.ts'

/** Pages read at once: programs touch their neighbours next. */
const READ_AHEAD_PAGES = 16

export class HostPages {
  readonly #memory: MemoryFile
  /** Page of the file → offset in the MemoryFile; this holds one reference to each. */
  readonly #pages = new Map<number, number>()
  readonly #dirty = new Set<number>()

  constructor(memory: MemoryFile) {
    this.#memory = memory
  }

  /** The file's pages as one open description maps them: `fd` reads them, and writes them back. */
  mappedThrough(fd: number): Mappable {
    return {
      sharedPage: (pageIndex) => this.#share(fd, pageIndex),
      markDirty: (pageIndex) => {
        if (this.#pages.has(pageIndex)) this.#dirty.add(pageIndex)
      },
      flush: (firstPage, pages) => this.flush(fd, firstPage, firstPage + pages),
    }
  }

  get isEmpty(): boolean {
    return this.#pages.size === 0
  }

  /** After pread: what mappings wrote since is newer than the host's bytes. */
  overlay(target: Uint8Array, position: number, length: number): void {
    this.#each(position, length, (offset, at, count) => {
      target.set(this.#memory.bytes.subarray(offset, offset + count), at)
    })
  }

  /** After pwrite: mappings see it. */
  update(source: Uint8Array, position: number, length: number): void {
    this.#each(position, length, (offset, at, count) => {
      this.#memory.bytes.set(source.subarray(at, at + count), offset)
    })
  }

  /** The file was cut: its pages behind the end go, and the rest of the last one reads as zero. */
  truncate(size: number): void {
    const keep = Math.ceil(size / PAGE_SIZE)
    for (const [page, offset] of [...this.#pages]) {
      if (page >= keep) this.#drop(page, offset)
      else if (page === keep - 1 && size % PAGE_SIZE !== 0) {
        this.#memory.bytes.fill(0, offset + (size % PAGE_SIZE), offset + PAGE_SIZE)
      }
    }
  }

  /** Writes dirty pages of [first, end) back. @throws Errno */
  flush(fd: number, first = 0, end = Number.POSITIVE_INFINITY): void {
    if (this.#dirty.size === 0) return
    const size = check(host.hostSeek(fd, 0, SEEK_END))
    for (const page of [...this.#dirty]) {
      if (page < first || page >= end) continue
      const offset = this.#pages.get(page) as number
      const count = Math.min(PAGE_SIZE, size - page * PAGE_SIZE)
      if (count > 0) writeAll(fd, this.#memory.bytes.subarray(offset, offset + count), page * PAGE_SIZE)
      // Still mapped: written again without notice.
      if (this.#memory.references(offset) === 1) this.#dirty.delete(page)
    }
  }

  free(): void {
    for (const [page, offset] of [...this.#pages]) this.#drop(page, offset)
  }

  #share(fd: number, page: number): number {
    const offset = this.#pages.get(page) ?? this.#load(fd, page)
    this.#memory.share(offset, PAGE_SIZE)
    return offset
  }

  #load(fd: number, page: number): number {
    const size = check(host.hostSeek(fd, 0, SEEK_END))
    const pagesLeft = Math.ceil(size / PAGE_SIZE) - page
    if (page < 0 || pagesLeft <= 0) throw new Errno(ENXIO)
    let count = 1
    const limit = Math.min(pagesLeft, READ_AHEAD_PAGES)
    while (count < limit && !this.#pages.has(page + count)) count++
    const offset = this.#memory.allocate(count * PAGE_SIZE)
    const bytes = this.#memory.bytes.subarray(offset, offset + count * PAGE_SIZE)
    if (!readAll(fd, bytes, page * PAGE_SIZE)) {
      this.#memory.free(offset, count * PAGE_SIZE)
      throw new Errno(EIO)
    }
    for (let i = 0; i < count; i++) this.#pages.set(page + i, offset + i * PAGE_SIZE)
    return offset
  }

  #drop(page: number, offset: number): void {
    this.#pages.delete(page)
    this.#dirty.delete(page)
    this.#memory.free(offset, PAGE_SIZE)
  }

  /** Calls `visit` for each cached page's part of a range: its place in the MemoryFile and in the range. */
  #each(position: number, length: number, visit: (offset: number, at: number, count: number) => void): void {
    for (let at = 0; at < length; ) {
      const within = (position + at) % PAGE_SIZE
      const count = Math.min(PAGE_SIZE - within, length - at)
      const offset = this.#pages.get((position + at - within) / PAGE_SIZE)
      if (offset !== undefined) visit(offset + within, at, count)
      at += count
    }
  }
}

/** @returns false for an error of the host's; what lies behind the end stays zero */
function readAll(fd: number, target: Uint8Array, position: number): boolean {
  for (let done = 0; done < target.length; ) {
    const count = host.hostRead(fd, target.subarray(done), position + done)
    if (count < 0) return false
    if (count === 0) return true
    done += count
  }
  return true
}

function writeAll(fd: number, source: Uint8Array, position: number): void {
  for (let done = 0; done < source.length; ) {
    done += check(host.hostWrite(fd, source.subarray(done), position + done))
  }
}
