// Inodes of files that have no place in any tree: eventfd, timerfd, epoll (Linux's anon_inodefs). One inode for each kind.

import {EOPNOTSUPP, Errno} from '../abi/errno.ts'
import type {Attributes, ByteString} from './file.ts'
import {Node} from './node.ts'
import type {UnmountedFileSystem} from './unmounted.ts'

export class AnonymousInode extends Node {
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
