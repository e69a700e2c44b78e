// DirectoryDescription: an open directory that serves a snapshot of its entries, taken at the first read after a rewind.

import {EINVAL, EISDIR, Errno} from '../abi/errno.ts'
import {S_IFDIR} from '../abi/file-mode.ts'
import {O_NOATIME, SEEK_CUR, SEEK_SET} from '../abi/open-flags.ts'
import {COST} from './budget.ts'
import type {DirectoryEntry, Inode} from './file.ts'
import {Description} from './file-description.ts'
import {seekTo} from './seek.ts'

/** Lists a directory without `.` and `..`. */
export type Lister = () => Iterable<DirectoryEntry>

const DT_DIR = S_IFDIR >> 12

/**
 * Offsets are indices into the snapshot, so they stay right while names come and go (POSIX readdir asks no more: a name
 * added or removed after rewinddir may or may not show).
 */
export class DirectoryDescription extends Description {
  readonly #list: Lister
  #entries: DirectoryEntry[] | undefined
  /** Bytes taken from the budget for the entries. */
  #taken = 0
  #lastStart = 0
  readonly #end: number | undefined

  /** @param end where SEEK_END leads; undefined: the file system has no end (EINVAL) */
  constructor(inode: Inode, flags: number, list: Lister, end?: number) {
    super(inode, flags)
    this.#list = list
    this.#end = end
  }

  override readDirectory(maxEntries: number): DirectoryEntry[] {
    if (this.#entries === undefined || this.position === 0) this.#takeSnapshot()
    if (!(this.flags & O_NOATIME)) this.inode.touchAccess?.()
    this.#lastStart = this.position
    const entries = this.#entries!.slice(this.position, this.position + maxEntries)
    this.position += entries.length
    return entries
  }

  override unreadDirectory(count: number): void {
    this.position = this.#lastStart + count
  }

  override seek(offset: number, whence: number): number {
    if (this.#end === undefined && whence !== SEEK_SET && whence !== SEEK_CUR) throw new Errno(EINVAL)
    this.position = seekTo(offset, whence, this.position, this.#end ?? 0)
    return this.position
  }

  override read(): number {
    throw new Errno(EISDIR)
  }

  override sync(): void {}

  override close(): void {
    this.#drop()
  }

  /** @throws Errno ENOMEM, leaving no snapshot */
  #takeSnapshot(): void {
    this.#drop()
    const entries: DirectoryEntry[] = []
    this.#entries = entries
    const {ino} = this.inode.attributes()
    const parent = this.inode.place()?.directory.attributes().ino ?? ino
    try {
      this.#add({name: '.', ino, type: DT_DIR})
      this.#add({name: '..', ino: parent, type: DT_DIR})
      for (const entry of this.#list()) this.#add(entry)
    } catch (error) {
      this.#drop()
      throw error
    }
  }

  #add(entry: DirectoryEntry): void {
    const bytes = COST.entry + entry.name.length
    this.inode.fs.budget?.take(bytes)
    this.#taken += bytes
    this.#entries!.push(entry)
  }

  #drop(): void {
    this.#entries = undefined
    this.inode.fs.budget?.give(this.#taken)
    this.#taken = 0
  }
}
