// TmpfsFile: a regular file of a tmpfs, and its file description.

import {opensForWriting} from '../../abi/access-mode.ts'
import {EFBIG, EINVAL, ENXIO, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  O_APPEND,
  O_NOATIME,
  SEEK_DATA,
  SEEK_HOLE,
} from '../../abi/open-flags.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Credentials, Mappable} from '../file.ts'
import {FileDescription} from '../file-description.ts'
import {MAX_OFFSET, seekTo} from '../seek.ts'
import {PagedData} from './paged-data.ts'
import type {Tmpfs} from './tmpfs.ts'
import {TmpfsNode} from './tmpfs-node.ts'

/** Pages in one call of `allocate`: a few milliseconds of work. */
const MAX_RESERVED_PAGES = 16 << 10

export class TmpfsFile extends TmpfsNode implements Mappable {
  readonly #data: PagedData
  #size = 0
  #opens = 0
  #wasMapped = false
  /** Made by O_TMPFILE and never linked. */
  isUnnamed = false

  constructor(fs: Tmpfs, mode: number, owner: Pick<Credentials, 'uid' | 'gid'>) {
    super(fs, mode, owner)
    this.#data = new PagedData(fs.memory, fs)
  }

  override get size(): number {
    return this.#size
  }

  override get blocks(): number {
    return this.#data.pageCount * (PAGE_SIZE / 512)
  }

  override open(flags: number): FileDescription {
    this.#opens++
    return new TmpfsFileDescription(this, flags)
  }

  closed(): void {
    this.#opens--
    if (this.nlink > 0 || this.#opens > 0) return
    this.#data.free()
  }

  override freed(): void {
    super.freed()
    if (this.#opens === 0) this.#data.free()
  }

  dispose(): void {
    this.#data.free()
  }

  read(target: Uint8Array, position: number): number {
    const count = Math.min(target.length, this.#size - position)
    if (count <= 0) return 0
    this.#data.read(target, position, count)
    return count
  }

  /** @throws Errno EFBIG, ENOSPC */
  write(source: Uint8Array, position: number): number {
    if (source.length === 0) return 0
    if (position > MAX_OFFSET - source.length) throw new Errno(EFBIG)
    this.#grow(position + source.length)
    const count = this.#data.write(source, position)
    if (position + count > this.#size) this.#size = position + count
    this.mtime = this.ctime = this.fs.clock.now()
    return count
  }

  override truncate(size: number): void {
    if (size < 0) throw new Errno(EINVAL)
    if (size > MAX_OFFSET) throw new Errno(EFBIG)
    if (size < this.#size) this.#data.truncate(size)
    else this.#grow(size)
    this.#size = size
    this.mtime = this.ctime = this.fs.clock.now()
  }

  /** fallocate(2), with the modes Linux's tmpfs has. @returns how many bytes of the range are done */
  allocate(mode: number, offset: number, length: number): number {
    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) throw new Errno(EOPNOTSUPP)
    if (mode === FALLOC_FL_PUNCH_HOLE) throw new Errno(EOPNOTSUPP)
    if (offset < 0 || length <= 0) throw new Errno(EINVAL)
    if (offset + length > MAX_OFFSET) throw new Errno(EFBIG)
    this.mtime = this.ctime = this.fs.clock.now()
    if (mode & FALLOC_FL_PUNCH_HOLE) {
      this.#data.punch(offset, offset + length)
      return length
    }
    const first = Math.floor(offset / PAGE_SIZE)
    const end = Math.ceil((offset + length) / PAGE_SIZE)
    // Refuse what can never fit before filling the memory with it.
    this.fs.requireSpace(end - first - this.#data.pageCount)
    const reserved = Math.min(end, first + MAX_RESERVED_PAGES)
    this.#data.reserve(first, reserved)
    const done = Math.min(offset + length, reserved * PAGE_SIZE)
    if (!(mode & FALLOC_FL_KEEP_SIZE)) {
      this.#grow(done)
      this.#size = Math.max(this.#size, done)
    }
    return done - offset
  }

  /** SEEK_DATA and SEEK_HOLE. @throws Errno ENXIO */
  seekPages(offset: number, whence: number): number {
    if (offset < 0 || offset >= this.#size) throw new Errno(ENXIO)
    const page = Math.floor(offset / PAGE_SIZE)
    const found = this.#data.nextPage(page, whence === SEEK_DATA)
    const target = Math.max(offset, found * PAGE_SIZE)
    if (whence === SEEK_DATA && target >= this.#size) throw new Errno(ENXIO)
    return Math.min(target, this.#size)
  }

  sharedPage(pageIndex: number): number {
    if (pageIndex < 0 || pageIndex * PAGE_SIZE >= this.#size) throw new Errno(ENXIO)
    const offset = this.#data.page(pageIndex)
    this.fs.memory.share(offset, PAGE_SIZE)
    this.#wasMapped = true
    return offset
  }

  isResident(pageIndex: number): boolean {
    return this.#data.hasPage(pageIndex)
  }

  /** Before the file may reach `end`: what mappings stored past its end does not become content (POSIX mmap). */
  #grow(end: number): void {
    const size = this.#size
    if (this.#wasMapped && end > size) this.#data.punch(size, Math.ceil(size / PAGE_SIZE) * PAGE_SIZE)
  }

  markDirty(_pageIndex: number): void {
    this.mtime = this.ctime = this.fs.clock.now()
  }

  flush(_firstPage: number, _pages: number): void {}
}

class TmpfsFileDescription extends FileDescription {
  readonly #file: TmpfsFile

  constructor(file: TmpfsFile, flags: number) {
    super(file, flags)
    this.#file = file
  }

  override read(target: Uint8Array, position?: number): number {
    this.requireReadable()
    const count = this.#file.read(target, position ?? this.position)
    if (position === undefined) this.position += count
    if (!(this.flags & O_NOATIME)) this.#file.touchAccess()
    return count
  }

  override write(source: Uint8Array, position?: number): number {
    this.requireWritable()
    const start = this.flags & O_APPEND ? this.#file.size : (position ?? this.position)
    const count = this.#file.write(source, start)
    if (position === undefined) this.position = start + count
    return count
  }

  override seek(offset: number, whence: number): number {
    const usesPages = whence === SEEK_DATA || whence === SEEK_HOLE
    this.position = usesPages
      ? this.#file.seekPages(offset, whence)
      : seekTo(offset, whence, this.position, this.#file.size)
    return this.position
  }

  override truncate(size: number): void {
    // ftruncate(2): EINVAL where read and write say EBADF.
    if (!opensForWriting(this.flags)) throw new Errno(EINVAL)
    this.#file.truncate(size)
  }

  override allocate(mode: number, offset: number, length: number): number {
    this.requireWritable()
    return this.#file.allocate(mode, offset, length)
  }

  override sync(): void {}

  override get mappable(): Mappable {
    return this.#file
  }

  override close(): void {
    this.#file.closed()
  }
}
