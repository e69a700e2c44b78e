// Room: where archives are unpacked: one file, in which they follow one another. It has no name, or it is one of the cache's.

import {closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {HvError} from '../errors.ts'
import type {ArchiveSource} from '../vfs/fs/archive.ts'
import {badArchive} from './archive-error.ts'
import {type Extent, trailerOf} from './unpacked-file.ts'

/** For all that a root unpacks, if nobody says more or less: a small file can grow a thousandfold. */
const DEFAULT_BYTES = 2 ** 33
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

interface OpenFile {
  /** Open for reading only: the guest's files are read through it. */
  fd: number
  /** Open for writing. */
  writer: number
}

/** A file of the cache. */
export interface RoomFile extends OpenFile {
  /** Where it is: for messages. */
  directory: string
}

/** Made while host files can be opened, and filled when that is no longer possible. */
export class Room implements ArchiveSource {
  readonly path = undefined
  /** The bytes that are in it. */
  size = 0
  readonly #most: number
  readonly #file: OpenFile | HvError
  readonly #kept: RoomFile | undefined
  #isOpen: boolean
  #isWritable: boolean
  #isSealed = false

  /**
   * @param most the most bytes of all unpacked archives together
   * @param kept takes them; it belongs to the room from here on. Default: a file that is gone when it is closed
   */
  constructor(most = DEFAULT_BYTES, kept?: RoomFile) {
    this.#most = most
    this.#kept = kept
    this.#file = kept ?? openUnnamed()
    this.#isOpen = this.#isWritable = 'fd' in this.#file
  }

  /** What is in it is for later starts, too, if it is sealed. */
  get isKept(): boolean {
    return this.#kept !== undefined
  }

  /** @throws HvError HOST_SYSCALL when it could not be made */
  get fd(): number {
    return this.#opened.fd
  }

  get #opened(): OpenFile {
    if ('fd' in this.#file) return this.#file
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
      done += writeSync(this.#opened.writer, bytes, done, bytes.length - done, this.size + done)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#closeWriter()
    closeSync(this.fd)
  }

  /** No more archives are unpacked. Call it before the guest's program is opened: a later start may use what is kept as it is then. */
  settle(): void {
    this.#closeWriter()
    if (this.size === 0) this.close()
  }

  #closeWriter(): void {
    if (!this.#isWritable) return
    this.#isWritable = false
    const {writer} = this.#opened
    // What is half of an image is of no use to anybody.
    if (this.isKept && !this.#isSealed) ftruncateSync(writer)
    closeSync(writer)
  }
}

function sizeText(bytes: number): string {
  const unit = UNITS.findLastIndex((_, power) => bytes % 1024 ** power === 0)
  return `${bytes / 1024 ** unit} ${UNITS[unit]}`
}

/** @throws the system error of open(2) */
export function createFile(path: string): OpenFile {
  const writer = openSync(path, 'wx', 0o600)
  return {fd: openSync(path, 'r'), writer}
}

/** Most archives need none: the error is kept for those that do. */
function openUnnamed(): OpenFile | HvError {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'hv-'))
    try {
      return createFile(join(folder, 'unpacked'))
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
