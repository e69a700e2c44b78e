// UnmountedFileSystem: holds inodes that no mount shows: pipes, host streams, eventfds and the like.

import {EINVAL, Errno} from '../abi/errno.ts'
import type {FileClock} from './clock.ts'
import type {Inode} from './file.ts'
import {emptyStatistics, type FileSystem, type FileSystemStatistics} from './file-system.ts'

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
