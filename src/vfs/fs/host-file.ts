// HostFile: a regular file of the host, and its file description.

import {opensForWriting} from '../../abi/access-mode.ts'
import {EFBIG, EINVAL, Errno} from '../../abi/errno.ts'
import {
  O_ACCMODE,
  O_APPEND,
  O_RDONLY,
  O_WRONLY,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_HOLE,
  SEEK_SET,
} from '../../abi/open-flags.ts'
import type {ByteString, Mappable} from '../file.ts'
import {FileDescription} from '../file-description.ts'
import type {HostFsAddon} from '../host-addon.ts'
import {check, STAT_CHANGED, STAT_SIZE} from '../host-calls.ts'
import {MAX_OFFSET, seekTo} from '../seek.ts'
import {HostLocks} from './host-locks.ts'
import {HostNode} from './host-node.ts'
import {type FileRange, type HostPages, hostSize} from './host-pages.ts'

const oneByte = new Uint8Array(1)
/** After this time the host's clock has ticked since the last change. */
const SETTLED_S = 2

export class HostFile extends HostNode {
  readonly #open = new Set<HostFileDescription>()
  /** From create(): the file's permissions may forbid opening it again, which Linux's O_CREAT does not need to do. */
  #createdFd: number | undefined

  /** Those of a file that is mapped. */
  get pages(): HostPages | undefined {
    const {mapped} = this.fs
    return mapped.isEmpty ? undefined : mapped.get(this.identity)
  }

  override get holds(): number {
    return this.#open.size
  }

  override isInUse(): boolean {
    return this.#open.size > 0 || this.#createdFd !== undefined || super.isInUse()
  }

  override detach(): void {
    this.dropCreated()
    super.detach()
  }

  /** Keeps the descriptor of a file just made for the open that follows; only the last one, as mknod(2) opens none. */
  keepCreated(fd: number): void {
    this.dropCreated()
    this.fs.lastCreated?.dropCreated()
    this.fs.lastCreated = this
    this.#createdFd = fd
  }

  override open(flags: number): FileDescription {
    const access = flags & O_ACCMODE
    // For access mode 3, through which the sentry neither reads nor writes.
    const fd = this.#createdFd ?? this.openHost(access === O_ACCMODE ? O_RDONLY : access)
    this.#createdFd = undefined
    this.fs.fresh = undefined
    const file = new HostFileDescription(this, flags, fd)
    this.#open.add(file)
    return file
  }

  closed(file: HostFileDescription): void {
    this.#open.delete(file)
  }

  override truncate(size: number): void {
    if (size < 0) throw new Errno(EINVAL)
    if (size > MAX_OFFSET) throw new Errno(EFBIG)
    const writable = [...this.#open].find((file) => opensForWriting(file.flags))
    const fd = writable?.fd ?? this.openHost(O_WRONLY)
    try {
      this.truncateThrough(fd, size)
    } finally {
      if (writable === undefined) this.fs.files.hostClose(fd)
    }
  }

  truncateThrough(fd: number, size: number): void {
    const {pages} = this
    pages?.grow(fd, size)
    check(this.fs.files.hostTruncate(fd, size))
    pages?.truncate(size)
  }

  /** The host updates it when the file is read. */
  override touchAccess(): void {
    for (const {fd} of this.#open) if (this.fs.files.hostRead(fd, oneByte, 0) >= 0) return
  }

  /** @param fd of the file, for when its name has gone. @returns a negative number if it cannot be opened */
  openAgain(access: number, fd: number): number {
    try {
      return this.openHost(access)
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      return this.fs.files.hostOpenSelf(fd, access)
    }
  }

  protected openHost(access: number): number {
    if (access !== O_RDONLY) this.startChange()
    const [fd, name] = this.isRemoved ? this.handle() : super.handle()
    if (name === '') return check(this.fs.files.hostOpenSelf(fd, access))
    return this.admit(check(this.fs.files.hostOpen(fd, name, access, 0)))
  }

  /** An open descriptor knows its file, whatever became of the name. */
  protected override handle(): [fd: number, name: ByteString] {
    for (const file of this.#open) return [file.fd, '']
    return super.handle()
  }

  dropCreated(): void {
    if (this.#createdFd !== undefined) this.fs.files.hostClose(this.#createdFd)
    this.#createdFd = undefined
  }

  /** No program can write to it. */
  isConstant(): boolean {
    const {fs} = this
    if (!fs.readOnly) return false
    // Usually without a look at the host: each mapped file is asked.
    if (fs.mapped.writableRoots.length === 0) return true
    const [root, path] = [fs.hostPath, this.pathFromRoot()]
    if (root === undefined || path === undefined) return false
    return !fs.mapped.isWritable(path === '' ? root : `${root === '/' ? '' : root}/${path}`)
  }
}

class HostFileDescription extends FileDescription implements FileRange {
  readonly fd: number
  readonly start = 0
  readonly #file: HostFile
  readonly #files: HostFsAddon
  #mappable: Mappable | undefined

  constructor(file: HostFile, flags: number, fd: number) {
    super(file, flags)
    this.#file = file
    this.#files = file.fs.files
    this.fd = fd
  }

  override read(target: Uint8Array, position?: number): number {
    this.requireReadable()
    this.#file.fs.fresh = undefined
    const start = position ?? this.position
    const count = check(this.#files.hostRead(this.fd, target, start))
    this.#file.pages?.overlay(target, start, count)
    if (position === undefined) this.position += count
    return count
  }

  override write(source: Uint8Array, position?: number): number {
    this.requireWritable()
    this.#file.fs.fresh = undefined
    const appends = (this.flags & O_APPEND) !== 0
    const start = position ?? this.position
    const {pages} = this.#file
    pages?.grow(this.fd, appends ? Number.POSITIVE_INFINITY : start + source.length)
    const count = check(
      appends ? this.#files.hostAppend(this.fd, source) : this.#files.hostWrite(this.fd, source, start),
    )
    const end = appends ? check(this.#files.hostSeek(this.fd, 0, SEEK_CUR)) : start + count
    pages?.update(source, end - count, count)
    if (position === undefined) this.position = end
    return count
  }

  override seek(offset: number, whence: number): number {
    // The host finds data by what was written to the file.
    if (whence === SEEK_DATA || whence === SEEK_HOLE) this.#file.pages?.flush()
    const isLocal = whence === SEEK_SET || whence === SEEK_CUR
    this.position = isLocal
      ? seekTo(offset, whence, this.position, 0)
      : check(this.#files.hostSeek(this.fd, offset, whence))
    return this.position
  }

  override truncate(size: number): void {
    if (!opensForWriting(this.flags)) throw new Errno(EINVAL)
    this.#file.fs.fresh = undefined
    this.#file.truncateThrough(this.fd, size)
  }

  override allocate(mode: number, offset: number, length: number): number {
    this.requireWritable()
    if (offset < 0 || length <= 0) throw new Errno(EINVAL)
    this.#file.fs.fresh = undefined
    const {pages} = this.#file
    if (pages === undefined) check(this.#files.hostAllocate(this.fd, mode, offset, length))
    else pages.allocate(this.fd, mode, offset, length)
    return length
  }

  /** Nothing was written through a read-only file system. */
  override sync(): void {
    if (this.#file.fs.readOnly) return
    this.#file.pages?.flush()
    check(this.#files.hostSync(this.fd))
  }

  override openHostLocks(): HostLocks | undefined {
    if (this.#file.fs.readOnly) return undefined
    return HostLocks.of(this.#files, (access) => this.#file.openAgain(access, this.fd))
  }

  override get mappable(): Mappable {
    if (this.#mappable === undefined) {
      const {fs, identity} = this.#file
      const canWrite = opensForWriting(this.flags)
      this.#mappable = fs.mapped
        .make(identity, this.#files, () => this.#version())
        .addUser(this, canWrite, this.#file.isConstant())
    }
    return this.#mappable
  }

  readSize(): number {
    return hostSize(this.#files, this.fd)
  }

  /** Changing the content updates the time of change, but the host's clock has ticks: what changed just now may change again within one. */
  #version(): string | undefined {
    const {fs} = this.#file
    const {stat} = fs
    fs.fresh = undefined
    check(this.#files.hostStat(this.fd, '', stat))
    const changedS = stat[STAT_CHANGED]
    if (changedS > fs.clock.now().seconds - SETTLED_S) return undefined
    return `${changedS}.${stat[STAT_CHANGED + 1]} ${stat[STAT_SIZE]}`
  }

  override close(): void {
    if (this.#mappable !== undefined) {
      const {fs, identity, pages} = this.#file
      if (pages?.removeUser(this) === false) fs.mapped.release(identity)
    }
    this.#file.closed(this)
    this.#files.hostClose(this.fd)
  }
}
