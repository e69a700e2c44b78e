// HostPages: the pages of a mapped host file, in the MemoryFile, kept coherent with read and write while it is open.

import {EIO, ENXIO, Errno} from '../../abi/errno.ts'
import {
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  SEEK_END,
} from '../../abi/open-flags.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Mappable} from '../file.ts'
import type {HostFsAddon} from '../host-addon.ts'
import {check} from '../host-calls.ts'
import {pagesWithin} from './page-range.ts'

/** Pages read at once, as many as Linux reads around a fault: programs touch their neighbours next. */
const READ_AHEAD_PAGES = 32

/** An open host file, or a part of one. */
export interface FileRange {
  readonly fd: number
  /** Its offset in the file. */
  readonly start: number
  /** In bytes, as of now. @throws Errno */
  readSize(): number
}

export class HostPages {
  /** The host file's version before any page was read; undefined: nothing would tell that a page differs from the file. */
  #version: string | undefined
  readonly #memory: MemoryFile
  readonly #files: HostFsAddon
  /** Page of the file → offset in the MemoryFile; this holds one reference to each. */
  readonly #pages = new Map<number, number>()
  readonly #dirty = new Set<number>()
  /** The file descriptions that mapped it; dirty pages are written back through the writable ones, which are of whole files. */
  readonly #users = new Set<FileRange>()
  readonly #writers = new Set<FileRange>()

  constructor(memory: MemoryFile, files: HostFsAddon, version: string | undefined) {
    this.#memory = memory
    this.#files = files
    this.#version = version
  }

  get version(): string | undefined {
    return this.#version
  }

  get count(): number {
    return this.#pages.size
  }

  /**
   * The file's pages as one file description maps them. Its descriptor stays open until `removeUser`.
   * @param canWrite through that descriptor @param isConstant as in Mappable
   */
  addUser(file: FileRange, canWrite: boolean, isConstant: boolean): Mappable {
    this.#users.add(file)
    if (canWrite) {
      this.#writers.add(file)
      // From here on, anyone may store into the pages.
      this.#version = undefined
    }
    return {
      isConstant,
      futexObject: this,
      hasPage: (pageIndex) => this.#pages.has(pageIndex),
      sharedPage: (pageIndex) => this.#share(file, pageIndex),
      markDirty: (pageIndex) => {
        if (this.#pages.has(pageIndex)) this.#dirty.add(pageIndex)
      },
      flush: (firstPage, pages) => this.flush(firstPage, firstPage + pages),
    }
  }

  /** @returns whether others still use it */
  removeUser(file: FileRange): boolean {
    try {
      if (this.#writers.has(file)) this.flush()
    } catch {
      // close(2) has no way to report this here: sync does.
    }
    this.#users.delete(file)
    this.#writers.delete(file)
    return this.#users.size > 0
  }

  /** Precondition: nobody uses it. */
  drop(): void {
    for (const [page, offset] of [...this.#pages]) this.#drop(page, offset)
  }

  /** After pread: data that mappings have written since is newer than the host's bytes. */
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

  /** Before the file may reach `end`: what mappings stored past its end does not become content (POSIX mmap). */
  grow(fd: number, end: number): void {
    const size = hostSize(this.#files, fd)
    if (end > size) this.#clearBehind(size)
  }

  /** The file has this size now: drops pages past its end, and zeroes the rest of the last one. */
  truncate(size: number): void {
    this.#dropFrom(Math.ceil(size / PAGE_SIZE))
    this.#clearBehind(size)
  }

  /** fallocate(2) through `fd`, whose file has these pages. The sentry removes from mappings what they lose. @throws Errno */
  allocate(fd: number, mode: number, offset: number, length: number): void {
    const movesBytes = (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) !== 0
    this.grow(fd, movesBytes ? Number.POSITIVE_INFINITY : offset + length)
    if (movesBytes) this.flush()
    check(this.#files.hostAllocate(fd, mode, offset, length))
    if (movesBytes) this.#dropFrom(Math.floor(offset / PAGE_SIZE))
    if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) {
      this.#each(offset, length, (at, _, count) => this.#memory.bytes.fill(0, at, at + count))
    }
  }

  /** Writes dirty pages of [first, end) back. @throws Errno */
  flush(first = 0, end = Number.POSITIVE_INFINITY): void {
    const [file] = this.#writers
    if (this.#dirty.size === 0 || file === undefined) return
    const {fd} = file
    const size = file.readSize()
    for (const page of pagesWithin(this.#dirty, first, end)) {
      const offset = this.#pages.get(page) as number
      const count = Math.min(PAGE_SIZE, size - page * PAGE_SIZE)
      if (count > 0)
        writeAll(this.#files, fd, this.#memory.bytes.subarray(offset, offset + count), page * PAGE_SIZE)
      // Still mapped: it may be written again without notice.
      if (this.#memory.references(offset) === 1) this.#dirty.delete(page)
    }
  }

  #share(file: FileRange, page: number): number {
    const offset = this.#pages.get(page) ?? this.#load(file, page)
    this.#memory.share(offset, PAGE_SIZE)
    return offset
  }

  #load(file: FileRange, page: number): number {
    const size = file.readSize()
    const pagesLeft = Math.ceil(size / PAGE_SIZE) - page
    if (page < 0 || pagesLeft <= 0) throw new Errno(ENXIO)
    let count = 1
    const limit = Math.min(pagesLeft, READ_AHEAD_PAGES)
    while (count < limit && !this.#pages.has(page + count)) count++
    const offset = this.#memory.allocate(count * PAGE_SIZE)
    const bytes = this.#memory.bytes.subarray(offset, offset + count * PAGE_SIZE)
    const content = bytes.subarray(0, size - page * PAGE_SIZE)
    if (!readAll(this.#files, file.fd, content, file.start + page * PAGE_SIZE)) {
      this.#memory.free(offset, count * PAGE_SIZE)
      throw new Errno(EIO)
    }
    for (let i = 0; i < count; i++) this.#pages.set(page + i, offset + i * PAGE_SIZE)
    return offset
  }

  #clearBehind(size: number): void {
    const within = size % PAGE_SIZE
    const offset = this.#pages.get((size - within) / PAGE_SIZE)
    if (within !== 0 && offset !== undefined) {
      this.#memory.bytes.fill(0, offset + within, offset + PAGE_SIZE)
    }
  }

  #dropFrom(first: number): void {
    for (const [page, offset] of [...this.#pages]) if (page >= first) this.#drop(page, offset)
  }

  #drop(page: number, offset: number): void {
    this.#pages.delete(page)
    this.#dirty.delete(page)
    this.#memory.free(offset, PAGE_SIZE)
  }

  /** Calls `visit` for each cached page's part of a range: its place in the MemoryFile and in the range. */
  #each(position: number, length: number, visit: (offset: number, at: number, count: number) => void): void {
    const end = position + length
    const firstPage = Math.floor(position / PAGE_SIZE)
    for (const page of pagesWithin(this.#pages, firstPage, Math.ceil(end / PAGE_SIZE))) {
      const from = Math.max(position, page * PAGE_SIZE)
      const to = Math.min(end, (page + 1) * PAGE_SIZE)
      const offset = this.#pages.get(page) as number
      visit(offset + from - page * PAGE_SIZE, from - position, to - from)
    }
  }
}

export function hostSize(files: HostFsAddon, fd: number): number {
  return check(files.hostSeek(fd, 0, SEEK_END))
}

/** @returns false for a host error; what lies past the end stays zero */
function readAll(files: HostFsAddon, fd: number, target: Uint8Array, position: number): boolean {
  for (let done = 0; done < target.length; ) {
    const count = files.hostRead(fd, target.subarray(done), position + done)
    if (count < 0) return false
    if (count === 0) return true
    done += count
  }
  return true
}

function writeAll(files: HostFsAddon, fd: number, source: Uint8Array, position: number): void {
  for (let done = 0; done < source.length; ) {
    done += check(files.hostWrite(fd, source.subarray(done), position + done))
  }
}
