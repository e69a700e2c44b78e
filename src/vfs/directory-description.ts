// DirectoryDescription: an open directory that serves its entries as it lists them, and keeps them until it is rewound.

import {EINVAL, EISDIR, Errno} from '../abi/errno.ts'
import {S_IFDIR} from '../abi/file-mode.ts'
import {O_NOATIME, SEEK_CUR, SEEK_SET} from '../abi/open-flags.ts'
import {COST} from './budget.ts'
import type {DirectoryEntry, Inode} from './file.ts'
import {FileDescription} from './file-description.ts'
import {seekTo} from './seek.ts'
import {UNFINISHED, UnfinishedError} from './unfinished.ts'

/**
 * Lists a directory without `.` and `..`, one entry at a time, while names come and go. It ends even if a name is added for
 * each one listed. Undefined stands for a name that does not show: looking at it was work, too.
 */
export type Lister = () => Iterable<DirectoryEntry | undefined>

const DT_DIR = S_IFDIR >> 12
/** Names that are looked at in one go: a few milliseconds of work, also on a volume. */
export const SLICE_ENTRIES = 8192

/**
 * Offsets are indices into what was listed, so they stay right while names come and go (POSIX readdir asks no more: a name
 * added or removed after rewinddir may or may not show). No more is listed than was asked for.
 */
export class DirectoryDescription extends FileDescription {
  readonly #list: Lister
  readonly #entries: DirectoryEntry[] = []
  /** Undefined: nothing is listed yet. */
  #rest: Iterator<DirectoryEntry | undefined> | undefined
  /** The last read was not finished, and is to go on. */
  #goesOn = false
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
    if (this.#rest === undefined || (this.position === 0 && !this.#goesOn)) this.#rewind()
    this.#goesOn = false
    this.#listUpTo(this.position + maxEntries)
    if (!(this.flags & O_NOATIME)) this.inode.touchAccess?.()
    this.#lastStart = this.position
    const entries = this.#entries.slice(this.position, this.position + maxEntries)
    this.position += entries.length
    return entries
  }

  override unreadDirectory(count: number): void {
    this.position = this.#lastStart + count
  }

  override seek(offset: number, whence: number): number {
    if (this.#end === undefined && whence !== SEEK_SET && whence !== SEEK_CUR) throw new Errno(EINVAL)
    this.position = seekTo(offset, whence, this.position, this.#end ?? 0)
    this.#goesOn = false
    return this.position
  }

  override read(): number {
    throw new Errno(EISDIR)
  }

  override sync(): void {}

  override close(): void {
    this.#drop()
  }

  #rewind(): void {
    this.#drop()
    this.#rest = this.#entriesNow()[Symbol.iterator]()
  }

  *#entriesNow(): Iterable<DirectoryEntry | undefined> {
    const {ino} = this.inode.attributes()
    const parent = this.inode.place()?.directory.attributes().ino ?? ino
    yield {name: '.', ino, type: DT_DIR}
    yield {name: '..', ino: parent, type: DT_DIR}
    yield* this.#list()
  }

  /** @throws Errno ENOMEM, having dropped what was listed; UnfinishedError: called again, it goes on */
  #listUpTo(count: number): void {
    try {
      this.#take(COST.listing - this.#taken)
      for (let looked = 0; this.#entries.length < count; looked++) {
        if (looked === SLICE_ENTRIES) throw UNFINISHED
        const {value, done} = this.#rest!.next()
        if (done === true) return
        if (value === undefined) continue
        this.#take(COST.entry + value.name.length)
        this.#entries.push(value)
      }
    } catch (error) {
      if (error instanceof UnfinishedError) this.#goesOn = true
      else this.#drop()
      throw error
    }
  }

  /** @throws Errno ENOMEM */
  #take(bytes: number): void {
    if (bytes <= 0) return
    this.inode.fs.budget?.take(bytes)
    this.#taken += bytes
  }

  #drop(): void {
    this.#rest?.return?.()
    this.#rest = undefined
    this.#entries.length = 0
    this.inode.fs.budget?.give(this.#taken)
    this.#taken = 0
  }
}

/** For a caller that cannot come back: it goes on until it is done. */
export function readDirectoryNow(file: FileDescription, maxEntries: number): DirectoryEntry[] {
  for (;;) {
    try {
      return file.readDirectory(maxEntries)
    } catch (error) {
      if (!(error instanceof UnfinishedError)) throw error
    }
  }
}
