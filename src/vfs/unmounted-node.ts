// UnmountedNode: an inode for one pipe or socket alone, with the mode, owner and times that its descriptors set.

import {PERMISSION_BITS, S_IFMT} from '../abi/file-mode.ts'
import type {AttributeChanges, Attributes, Credentials} from './file.ts'
import {Node} from './node.ts'
import type {UnmountedFileSystem} from './unmounted.ts'

const BLOCK_SIZE = 4096

export abstract class UnmountedNode extends Node {
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
