// UnmountedFileSystem: where inodes live that no mount shows: pipes, streams of the host, eventfds and their like.

import {EINVAL, Errno} from '../abi/errno.ts'
import {allocateDev} from './anonymous-dev.ts'
import type {Inode} from './file.ts'
import type {FileSystem, FileSystemStatistics} from './file-system.ts'

export class UnmountedFileSystem implements FileSystem {
  readonly type: string
  readonly readOnly = false
  readonly dev = allocateDev()
  readonly #magic: number
  #nextIno = 1

  /** @param magic f_type of fstatfs(2) */
  constructor(type: string, magic: number) {
    this.type = type
    this.#magic = magic
  }

  get root(): Inode {
    throw new Errno(EINVAL)
  }

  takeIno(): number {
    return this.#nextIno++
  }

  statfs(): FileSystemStatistics {
    const magic = this.#magic
    return {magic, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0, namelen: 255}
  }

  dispose(): void {}
}
