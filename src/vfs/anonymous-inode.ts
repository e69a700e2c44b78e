// Inodes of files that have no place in any tree: eventfd, timerfd, epoll (Linux's anon_inodefs). One inode for each kind.

import {EOPNOTSUPP, Errno} from '../abi/errno.ts'
import {now} from './clock.ts'
import type {Attributes, ByteString} from './file.ts'
import {Node} from './node.ts'
import {UnmountedFileSystem} from './unmounted.ts'

const ANON_INODE_FS_MAGIC = 0x09041934

const anonymous = new UnmountedFileSystem('anon_inodefs', ANON_INODE_FS_MAGIC)
const inodes = new Map<ByteString, AnonymousInode>()

/** The inode whose /proc/self/fd link reads `anon_inode:` and `label`: `[eventfd]`. */
export function anonymousInode(label: ByteString): AnonymousInode {
  let inode = inodes.get(label)
  if (inode === undefined) {
    inode = new AnonymousInode(label, inodes.size + 1)
    inodes.set(label, inode)
  }
  return inode
}

export class AnonymousInode extends Node {
  readonly fs = anonymous
  readonly label: ByteString
  readonly #ino: number

  constructor(label: ByteString, ino: number) {
    // Linux's have no file type at all.
    super(0)
    this.label = label
    this.#ino = ino
  }

  /** Many descriptors share it. */
  override setAttributes(): void {
    throw new Errno(EOPNOTSUPP)
  }

  override attributes(): Attributes {
    const time = now()
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
