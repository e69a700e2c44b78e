// Room: where archives are unpacked: one file, in which they follow one another. It has no name, or it is one of the cache's.

import {closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {HvError} from '../errors.ts'
import type {ArchiveSource} from '../vfs/fs/archive.ts'
import {badArchive} from './archive-error.ts'
import {type Extent, trailerOf} from './unpacked-trailer.ts'

/** For all that a root unpacks, if nobody says more or less: a small file can grow a thousandfold. */
const DEFAULT_BYTES = 2 ** 33
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

/** A file of the cache. */
export interface RoomFile {
  /** Open for reading and writing. */
  fd: number
  /** Where it is: for messages. */
  directory: string
}

/** Made while host files can be opened, and filled when that is no longer possible. */
export class Room implements ArchiveSource {
  readonly path = undefined
  /** The bytes that are in it. */
  size = 0
  readonly #most: number
  readonly #file: number | HvError
  readonly #kept: RoomFile | undefined
  #isOpen: boolean
  #isSealed = false

  /**
   * @param most the most bytes of all unpacked archives together
   * @param kept takes them; it belongs to the room from here on. Default: a file that is gone when it is closed
   */
  constructor(most = DEFAULT_BYTES, kept?: RoomFile) {
    this.#most = most
    this.#kept = kept
    this.#file = kept?.fd ?? openUnnamed()
    this.#isOpen = typeof this.#file === 'number'
  }

  /** What is in it is for later starts, too, if it is sealed. */
  get isKept(): boolean {
    return this.#kept !== undefined
  }

  /** @throws HvError HOST_SYSCALL when it could not be made */
  get fd(): number {
    if (typeof this.#file === 'number') return this.#file
    throw this.#file
  }

  /** Where its bytes go, and the next step if there are too many: for messages. */
  get place(): string {
    return this.#kept?.directory ?? tmpdir()
  }

  get otherPlace(): string {
    return this.#kept === undefined
      ? 'set TMPDIR to a directory that has'
      : 'run `hv image prune`, or set XDG_CACHE_HOME to a directory that has'
  }

  /** Whether so many more bytes may be added. */
  has(bytes: number): boolean {
    return this.size + bytes <= this.#most
  }

  /** @throws HvError BAD_ARGUMENT; the system error of write(2) */
  add(piece: Uint8Array): void {
    if (!this.has(piece.length))
      throw badArchive(
        `unpacked, it takes more than ${sizeText(this.#most)} of ${this.place}`,
        'give more as `unpackBytes`, or unpack it and name the directory',
      )
    this.#write(piece)
    this.size += piece.length
  }

  /** Says what is in it: nothing is added afterwards. @throws the system error of write(2) */
  seal(extents: readonly Extent[]): void {
    if (!this.isKept) return
    this.#write(Buffer.from(trailerOf(extents)))
    this.#isSealed = true
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.fd, bytes, done, bytes.length - done, this.size + done)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    // What is half of an image is of no use to anybody.
    if (this.isKept && !this.#isSealed) ftruncateSync(this.fd)
    closeSync(this.fd)
  }

  /** No more archives are unpacked. */
  settle(): void {
    if (this.size === 0) this.close()
  }
}

function sizeText(bytes: number): string {
  const unit = UNITS.findLastIndex((_, power) => bytes % 1024 ** power === 0)
  return `${bytes / 1024 ** unit} ${UNITS[unit]}`
}

/** Most archives need none: the error is kept for those that do. */
function openUnnamed(): number | HvError {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'hv-'))
    try {
      return openSync(join(folder, 'unpacked'), 'wx+', 0o600)
    } finally {
      rmSync(folder, {recursive: true})
    }
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    return new HvError(
      'HOST_SYSCALL',
      `${tmpdir()} takes no file (${code})`,
      'set TMPDIR to a directory that does',
    )
  }
}
