// tmpfs: a whole file system in pages of the MemoryFile.

import {ALL_CAPABILITIES} from '../../abi/capability.ts'
import {ENOSPC, Errno} from '../../abi/errno.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import {allocateDev} from '../anonymous-dev.ts'
import {Budget, COST} from '../budget.ts'
import {openDevice} from '../devices.ts'
import type {Credentials, FileDescription, Inode} from '../file.ts'
import type {FileSystem, FileSystemStatistics} from '../file-system.ts'
import type {PageQuota} from './paged-data.ts'
import {TmpfsDirectory} from './tmpfs-directory.ts'

const TMPFS_MAGIC = 0x01021994
/** As many as the budget has room for, at most; statfs(2) says so. */
const MOST_INODES = 1 << 18

export interface TmpfsOptions {
  /** Bytes of file data; default: half of the memory file, as Linux. */
  maxBytes?: number
  maxInodes?: number
  /** What inodes, names and symbolic links' texts are counted against. */
  budget?: Budget
  /** Permission bits of the root; default 01777. */
  mode?: number
  uid?: number
  gid?: number
  /** What /proc/mounts calls it; default `tmpfs`. */
  type?: string
  /** Opens a device node; default: the memory devices (null, zero, full, random, urandom). */
  openDevice?: (inode: Inode, rdev: number, flags: number) => FileDescription
}

export class Tmpfs implements FileSystem, PageQuota {
  readonly type: string
  readonly readOnly = false
  readonly dev = allocateDev()
  readonly memory: MemoryFile
  readonly budget: Budget
  readonly root: TmpfsDirectory
  readonly #openDevice: NonNullable<TmpfsOptions['openDevice']>
  readonly #maxPages: number
  readonly #maxInodes: number
  #pages = 0
  #inodes = 0
  #nextIno = 1

  constructor(memory: MemoryFile, options: TmpfsOptions = {}) {
    this.type = options.type ?? 'tmpfs'
    this.memory = memory
    this.budget = options.budget ?? new Budget()
    this.#openDevice = options.openDevice ?? openDevice
    this.#maxPages = Math.floor((options.maxBytes ?? memory.size / 2) / PAGE_SIZE)
    this.#maxInodes = options.maxInodes ?? Math.min(MOST_INODES, Math.floor(this.budget.limit / COST.inode))
    const owner = {uid: options.uid ?? 0, gid: options.gid ?? 0}
    this.root = new TmpfsDirectory(this, options.mode ?? 0o1777, owner)
  }

  statfs(): FileSystemStatistics {
    const free = this.#maxPages - this.#pages
    return {
      magic: TMPFS_MAGIC,
      bsize: PAGE_SIZE,
      blocks: this.#maxPages,
      bfree: free,
      bavail: free,
      files: this.#maxInodes,
      ffree: this.#maxInodes - this.#inodes,
      namelen: 255,
    }
  }

  dispose(): void {
    this.root.dispose()
  }

  openDevice(inode: Inode, rdev: number, flags: number): FileDescription {
    return this.#openDevice(inode, rdev, flags)
  }

  /** A new inode number. @throws Errno ENOSPC */
  takeInode(): number {
    this.#takeOne(COST.inode)
    return this.#nextIno++
  }

  giveInode(): void {
    this.#inodes--
    this.budget.give(COST.inode)
  }

  /** A further name of an inode counts as one, as on Linux's tmpfs. @throws Errno ENOSPC */
  takeName(): void {
    this.#takeOne(COST.name)
  }

  giveName(): void {
    this.#inodes--
    this.budget.give(COST.name)
  }

  take(pages: number): void {
    this.requireSpace(pages)
    this.#pages += pages
  }

  /** @throws Errno ENOSPC when that many more pages never fit */
  requireSpace(pages: number): void {
    if (this.#pages + pages > this.#maxPages) throw new Errno(ENOSPC)
  }

  give(pages: number): void {
    this.#pages -= pages
  }

  #takeOne(bytes: number): void {
    if (this.#inodes >= this.#maxInodes) throw new Errno(ENOSPC)
    this.budget.take(bytes, ENOSPC)
    this.#inodes++
  }
}

/** The guest's root user, for what the sentry makes itself. */
export const ROOT: Credentials = {uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES}
