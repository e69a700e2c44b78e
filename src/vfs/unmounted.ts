// UnmountedFileSystem: holds inodes that no mount shows: pipes, sockets, host streams, eventfds and the like.

import {EINVAL, EOPNOTSUPP, Errno} from '../abi/errno.ts'
import {PERMISSION_BITS, S_IFMT} from '../abi/file-mode.ts'
import type {FileClock} from './clock.ts'
import type {AttributeChanges, Attributes, ByteString, Credentials} from './file.ts'
import {emptyStatistics, type FileSystem, type FileSystemStatistics} from './file-system.ts'
import {Inode} from './inode.ts'

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
    const time = this.fs.clock.now()
    return {
      dev: this.fs.dev,
      ino: this.#ino,
      mode: 0o600,
      nlink: 1,
      uid: 0,
      gid: 0,
      rdev: 0,
      size: 0,
      blocks: 0,
      blksize: 4096,
      atime: time,
      mtime: time,
      ctime: time,
      btime: time,
    }
  }
}

const BLOCK_SIZE = 4096

export abstract class UnmountedNode extends Inode {
  readonly fs: UnmountedFileSystem
  readonly #attributes: Attributes

  /** @param mode includes the file type */
  constructor(fs: UnmountedFileSystem, mode: number, {uid, gid}: Pick<Credentials, 'uid' | 'gid'>) {
    super(mode & S_IFMT)
    this.fs = fs
    const time = this.fs.clock.now()
    this.#attributes = {
      ...{dev: fs.dev, ino: fs.takeIno(), mode, nlink: 1, uid, gid, rdev: 0},
      ...{size: 0, blocks: 0, blksize: BLOCK_SIZE, atime: time, mtime: time, ctime: time, btime: time},
    }
  }

  override attributes(): Attributes {
    return this.#attributes
  }

  override setAttributes({mode, uid, gid, atime, mtime}: AttributeChanges): void {
    const kept = this.#attributes
    if (mode !== undefined) kept.mode = this.kind | (mode & PERMISSION_BITS)
    kept.uid = uid ?? kept.uid
    kept.gid = gid ?? kept.gid
    kept.atime = atime ?? kept.atime
    kept.mtime = mtime ?? kept.mtime
    kept.ctime = this.fs.clock.now()
  }
}
