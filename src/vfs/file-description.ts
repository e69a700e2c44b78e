// Description: a file description whose every operation answers as Linux does for a file that cannot do it.

import {opensForReading, opensForWriting} from '../abi/access-mode.ts'
import {EBADF, EINVAL, ENODEV, ENOTDIR, ENOTTY, Errno, ESPIPE} from '../abi/errno.ts'
import {O_PATH, POLLIN, POLLOUT} from '../abi/open-flags.ts'
import type {DirectoryEntry, FileDescription, Inode, IoctlMemory, Mappable} from './file.ts'
import type {Location} from './location.ts'
import type {WaitQueue} from './wait-queue.ts'

export abstract class Description implements FileDescription {
  inode: Inode
  flags: number
  position = 0
  declare readonly waiters?: WaitQueue
  declare readonly hostFd?: number
  declare openedAt?: Location

  constructor(inode: Inode, flags: number) {
    this.inode = inode
    this.flags = flags
  }

  read(_target: Uint8Array, _position?: number): number {
    throw new Errno(EINVAL)
  }

  write(_source: Uint8Array, _position?: number): number {
    throw new Errno(EINVAL)
  }

  seek(_offset: number, _whence: number): number {
    throw new Errno(ESPIPE)
  }

  readDirectory(_maxEntries: number): DirectoryEntry[] {
    throw new Errno(ENOTDIR)
  }

  unreadDirectory(_count: number): void {
    throw new Errno(ENOTDIR)
  }

  truncate(_size: number): void {
    throw new Errno(EINVAL)
  }

  allocate(_mode: number, _offset: number, _length: number): number {
    throw new Errno(ENODEV)
  }

  sync(): void {
    throw new Errno(EINVAL)
  }

  readiness(): number {
    return POLLIN | POLLOUT
  }

  ioctl(_request: number, _argument: number, _memory: IoctlMemory): number {
    throw new Errno(ENOTTY)
  }

  get mappable(): Mappable | undefined {
    return undefined
  }

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

/** A descriptor opened with O_PATH: it names an inode, and does nothing else (man 2 open). */
export class PathDescription extends Description {
  override read(): number {
    throw new Errno(EBADF)
  }
  override write(): number {
    throw new Errno(EBADF)
  }
  override seek(): number {
    throw new Errno(EBADF)
  }
  override readDirectory(): DirectoryEntry[] {
    throw new Errno(EBADF)
  }
  override truncate(): void {
    throw new Errno(EBADF)
  }
  override allocate(): number {
    throw new Errno(EBADF)
  }
  override sync(): void {
    throw new Errno(EBADF)
  }
  override ioctl(): number {
    throw new Errno(EBADF)
  }
  override readiness(): number {
    throw new Errno(EBADF)
  }
}
