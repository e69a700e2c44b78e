// Inodes of files that have no place in any tree: eventfd, timerfd, epoll (Linux's anon_inodefs). One inode for each sort.

import {EINVAL, Errno} from '../abi/errno.ts'
import {allocateDev} from './anonymous-dev.ts'
import {now} from './clock.ts'
import type {Attributes, ByteString, Inode} from './file.ts'
import type {FileSystem, FileSystemStatistics} from './file-system.ts'
import {Node} from './node.ts'

const ANON_INODE_FS_MAGIC = 0x09041934

class AnonymousFileSystem implements FileSystem {
  readonly type = 'anon_inodefs'
  readonly readOnly = false
  readonly dev = allocateDev()

  get root(): Inode {
    throw new Errno(EINVAL)
  }

  statfs(): FileSystemStatistics {
    const magic = ANON_INODE_FS_MAGIC
    return {magic, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0, namelen: 255}
  }

  dispose(): void {}
}

const anonymous = new AnonymousFileSystem()
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
    // Linux's has no file type at all.
    super(0)
    this.label = label
    this.#ino = ino
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
