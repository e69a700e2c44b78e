// FileDescription: what open(2) makes of an inode, shared by dup'ed descriptors. Each kind of file overrides what it can do.

import {opensForReading, opensForWriting} from '../abi/access-mode.ts'
import {EBADF, EINVAL, ENODEV, ENOTDIR, ENOTTY, Errno, ESPIPE} from '../abi/errno.ts'
import {O_PATH, POLLIN, POLLOUT} from '../abi/open-flags.ts'
import type {ByteString, DirectoryEntry, FileLocking, IoctlMemory, Mappable} from './file.ts'
import type {Inode} from './inode.ts'
import type {Location} from './location.ts'
import type {WaitQueue} from './wait-queue.ts'

/**
 * read and write return how many bytes they moved (short counts allowed) and throw Errno; when they would block they
 * throw Errno(EAGAIN) always, and the sentry decides whether the task sleeps on `readiness` or the guest gets EAGAIN.
 * Without an override, an operation answers as Linux does for a file that cannot do it.
 */
export abstract class FileDescription {
  /** An overlay's own, where the file is open in one of its layers. */
  inode: Inode
  /** The status flags: O_APPEND, O_NONBLOCK … */
  flags: number
  /** The file offset, for files that have one. */
  position = 0
  /** Woken when readiness may have changed. Undefined: always ready. */
  declare readonly waiters?: WaitQueue
  /** A host descriptor to watch while something waits in `waiters`; the sentry calls `waiters.wakeAll()` when it is ready. */
  declare readonly hostFd?: number
  /** The name by which it was opened: the sentry sets it. */
  declare openedAt?: Location
  /** write(2) takes everything and looks at nothing: /dev/null. */
  declare readonly discardsWrites?: boolean
  /** Each part of a writev(2) is a separate write: eventfds. */
  declare readonly writesRecords?: boolean

  constructor(inode: Inode, flags: number) {
    this.inode = inode
    this.flags = flags
  }

  /** `position` undefined: use and advance the file offset. @throws Errno ESPIPE for a position on a stream */
  read(_target: Uint8Array, _position?: number): number {
    throw new Errno(EINVAL)
  }

  write(_source: Uint8Array, _position?: number): number {
    throw new Errno(EINVAL)
  }

  /** @returns the new offset */
  seek(_offset: number, _whence: number): number {
    throw new Errno(ESPIPE)
  }

  /** The next entries from the current offset; [] at the end. The file itself supplies `.` and `..`. */
  readDirectory(_maxEntries: number): DirectoryEntry[] {
    throw new Errno(ENOTDIR)
  }

  /** Puts the offset back so that the entry at index `count` of the last readDirectory comes next. */
  unreadDirectory(_count: number): void {
    throw new Errno(ENOTDIR)
  }

  truncate(_size: number): void {
    throw new Errno(EINVAL)
  }

  /** fallocate(2). @returns how many bytes of the range are done: a long allocation does a part, and is called again */
  allocate(_mode: number, _offset: number, _length: number): number {
    throw new Errno(ENODEV)
  }

  sync(): void {
    throw new Errno(EINVAL)
  }

  /** When a read that waits since `sinceNs` ends with what there is, maybe nothing (VTIME). CLOCK_MONOTONIC; absent or undefined: never. */
  readDeadlineNs?(sinceNs: number): number | undefined

  /** poll(2) bits that hold now: POLLIN 1, POLLOUT 4, POLLERR 8, POLLHUP 16. */
  readiness(): number {
    return POLLIN | POLLOUT
  }

  /** @returns bytes; the request's argument is a guest address that only the sentry follows, through `memory` */
  ioctl(_request: number, _argument: number, _memory: IoctlMemory): number {
    throw new Errno(ENOTTY)
  }

  /** For mmap: the MemoryFile pages of this file, or undefined (ENODEV). */
  get mappable(): Mappable | undefined {
    return undefined
  }

  /** Further lines of /proc/PID/fdinfo. */
  fdinfo?(): ByteString

  /** For files of writable volumes: locks that host processes see. Undefined: it has none. */
  openHostLocks?(): FileLocking | undefined

  /** A fifo opened without O_NONBLOCK: false while open(2) still sleeps in `waiters` for the other end. Absent: true. */
  isOpenComplete?(): boolean

  /** The calling process is about to close a descriptor of it; others may stay. */
  descriptorClosed?(): void

  /** The last reference is gone. Never throws. */
  close(): void {}

  /** @throws Errno EBADF when not open for reading */
  protected requireReadable(): void {
    if (!opensForReading(this.flags) || this.flags & O_PATH) throw new Errno(EBADF)
  }

  /** @throws Errno EBADF when not open for writing */
  protected requireWritable(): void {
    if (!opensForWriting(this.flags) || this.flags & O_PATH) throw new Errno(EBADF)
  }

  /** pread(2) and pwrite(2) on a file without positions. @throws Errno ESPIPE */
  protected refusePosition(position: number | undefined): void {
    if (position !== undefined) throw new Errno(ESPIPE)
  }
}

const refuse = (): never => {
  throw new Errno(EBADF)
}

/** A descriptor opened with O_PATH: it names an inode, and does nothing else (man 2 open). */
export class PathDescription extends FileDescription {
  override read = refuse
  override write = refuse
  override seek = refuse
  override readDirectory = refuse
  override truncate = refuse
  override allocate = refuse
  override sync = refuse
  override ioctl = refuse
  override readiness = refuse
}
