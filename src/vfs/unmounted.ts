// UnmountedFileSystem: holds inodes that no mount shows: pipes, sockets, host streams, eventfds and the like.

import {EINVAL, EOPNOTSUPP, Errno} from '../abi/errno.ts'
import type {FileClock} from './clock.ts'
import type {Attributes, ByteString} from './file.ts'
import {emptyStatistics, type FileSystem, type FileSystemStatistics} from './file-system.ts'
import {Inode, newAttributes} from './inode.ts'

export class UnmountedFileSystem implements FileSystem {
  readonly type: string
  readonly readOnly = false
  readonly dev: number
  readonly clock: FileClock
  readonly #magic: number
  #nextIno = 1

  /** @param magic f_type of fstatfs(2) */
  constructor(type: string, magic: number, dev: number, clock: FileClock) {
    this.type = type
    this.dev = dev
    this.clock = clock
    this.#magic = magic
  }

  get root(): Inode {
    throw new Errno(EINVAL)
  }

  takeIno(): number {
    return this.#nextIno++
  }

  statfs(): FileSystemStatistics {
    return emptyStatistics(this.#magic)
  }

  dispose(): void {}
}

export class AnonymousInode extends Inode {
  readonly fs: UnmountedFileSystem
  readonly label: ByteString
  readonly #ino: number

  /** @param label as in the text of its /proc/self/fd link: `[eventfd]` */
  constructor(fs: UnmountedFileSystem, label: ByteString) {
    // Linux's have no file type at all.
    super(0)
    this.label = label
    this.fs = fs
    this.#ino = fs.takeIno()
  }

  /** Many descriptors share it. */
  override setAttributes(): void {
    throw new Errno(EOPNOTSUPP)
  }

  override attributes(): Attributes {
    return newAttributes(this.fs, this.#ino, 0o600, this.fs.clock.now())
  }
}
