// tmpfs: a whole file system in pages of the MemoryFile.

import {ALL_CAPABILITIES} from '../../abi/capability.ts'
import {ENOSPC, Errno} from '../../abi/errno.ts'
import type {MemoryFile} from '../../platform/memory-file.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import {Budget, COST} from '../budget.ts'
import {type FileClock, NO_CLOCK} from '../clock.ts'
import {openDevice} from '../devices.ts'
import {DiskQuota} from '../disk-quota.ts'
import type {Credentials, FileDescription, Inode} from '../file.ts'
import type {FileSystem, FileSystemStatistics} from '../file-system.ts'
import type {HostRandom} from '../host.ts'
import type {VirtualFileSystem} from '../virtual-file-system.ts'
import type {PageQuota} from './paged-data.ts'
import {TmpfsDirectory} from './tmpfs-directory.ts'

const TMPFS_MAGIC = 0x01021994
/** At most as many as the budget has room for, as statfs(2) shows. */
const MOST_INODES = 1 << 18

export interface TmpfsOptions {
  /** The kernel that will admit it: stamps what is made before that. */
  vfs?: VirtualFileSystem
  /** Bytes of file data; default: half of the memory file, as Linux. */
  maxBytes?: number
  maxInodes?: number
  /** Counts inodes, names and texts of symbolic links. */
  budget?: Budget
  /** Counts what the files of all trees hold; default: nothing counts it. */
  disk?: DiskQuota
  /** Permission bits of the root; default 01777. */
  mode?: number
  uid?: number
  gid?: number
  /** Its name in /proc/mounts; default `tmpfs`. */
  type?: string
  /** Opens nodes of other devices than memory's; undefined: it is none of those. */
  openDevice?: (inode: Inode, rdev: number, flags: number) => FileDescription | undefined
}

export class Tmpfs implements FileSystem, PageQuota {
  readonly type: string
  readonly readOnly = false
  dev = 0
  clock: FileClock
  #random: HostRandom | undefined
  readonly memory: MemoryFile
  readonly budget: Budget
  readonly #disk: DiskQuota
  readonly root: TmpfsDirectory
  readonly #openDevice: TmpfsOptions['openDevice']
  readonly #maxPages: number
  readonly #maxInodes: number
  #pages = 0
  #inodes = 0
  #nextIno = 1

  constructor(memory: MemoryFile, options: TmpfsOptions = {}) {
    this.type = options.type ?? 'tmpfs'
    this.memory = memory
    this.clock = options.vfs?.clock ?? NO_CLOCK
    this.budget = options.budget ?? new Budget()
    this.#disk = options.disk ?? new DiskQuota()
    this.#openDevice = options.openDevice
    this.#maxPages = Math.floor((options.maxBytes ?? memory.size / 2) / PAGE_SIZE)
    this.#maxInodes = options.maxInodes ?? Math.min(MOST_INODES, Math.floor(this.budget.limit / COST.inode))
    const owner = {uid: options.uid ?? 0, gid: options.gid ?? 0}
    this.root = new TmpfsDirectory(this, options.mode ?? 0o1777, owner)
  }

  admitted({host}: VirtualFileSystem): void {
    this.#random = host.random
  }

  statfs(): FileSystemStatistics {
    const disk = this.#disk
    const free = Math.min(this.#maxPages - this.#pages, disk.freePages)
    return {
      magic: TMPFS_MAGIC,
      bsize: PAGE_SIZE,
      blocks: Math.min(this.#maxPages, disk.pages),
      bfree: free,
      bavail: free,
      files: Math.min(this.#maxInodes, disk.inodes),
      ffree: Math.min(this.#maxInodes - this.#inodes, disk.freeInodes),
      namelen: 255,
    }
  }

  dispose(): void {
    this.root.dispose()
  }

  openDevice(inode: Inode, rdev: number, flags: number): FileDescription {
    return this.#openDevice?.(inode, rdev, flags) ?? openDevice(inode, rdev, flags, this.#random!)
  }

  /** A new inode number. @throws Errno ENOSPC */
  takeInode(): number {
    this.#takeOne(COST.inode)
    return this.#nextIno++
  }

  giveInode(): void {
    this.#giveOne(COST.inode)
  }

  /** One more name for an inode counts as an inode, as on Linux's tmpfs. @throws Errno ENOSPC */
  takeName(): void {
    this.#takeOne(COST.name)
  }

  giveName(): void {
    this.#giveOne(COST.name)
  }

  take(pages: number): void {
    if (this.#pages + pages > this.#maxPages) throw new Errno(ENOSPC)
    this.#disk.takePages(pages)
    this.#pages += pages
  }

  /** @throws Errno ENOSPC when that many more pages never fit */
  requireSpace(pages: number): void {
    if (this.#pages + pages > this.#maxPages) throw new Errno(ENOSPC)
    this.#disk.requirePages(pages)
  }

  give(pages: number): void {
    this.#pages -= pages
    this.#disk.givePages(pages)
  }

  #takeOne(bytes: number): void {
    if (this.#inodes >= this.#maxInodes) throw new Errno(ENOSPC)
    this.budget.take(bytes, ENOSPC)
    try {
      this.#disk.takeInode()
    } catch (error) {
      this.budget.give(bytes)
      throw error
    }
    this.#inodes++
  }

  #giveOne(bytes: number): void {
    this.#inodes--
    this.budget.give(bytes)
    this.#disk.giveInode()
  }
}

/** The guest's root user, for what the sentry itself makes. */
export const ROOT: Credentials = {uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES}
