// Room: where archives are unpacked: one unnamed file, in which they follow one another.

import {closeSync, mkdtempSync, openSync, rmSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {HvError} from '../errors.ts'
import type {ArchiveSource} from '../vfs/fs/archive.ts'
import {badArchive} from './archive-error.ts'

/** For all that a root unpacks, if nobody says more or less: a small file can grow a thousandfold. */
const DEFAULT_BYTES = 2 ** 33
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

/** Made while host files can be opened, and filled when that is no longer possible. */
export class Room implements ArchiveSource {
  readonly path = undefined
  /** The bytes that are in it. */
  size = 0
  readonly #most: number
  readonly #file: number | HvError
  #isOpen: boolean

  /** @param most the most bytes of all unpacked archives together */
  constructor(most = DEFAULT_BYTES) {
    this.#most = most
    this.#file = openUnnamed()
    this.#isOpen = typeof this.#file === 'number'
  }

  /** @throws HvError HOST_SYSCALL when it could not be made */
  get fd(): number {
    if (typeof this.#file === 'number') return this.#file
    throw this.#file
  }

  /** Where its bytes go, and the next step if there are too many: for messages. */
  get place(): string {
    return tmpdir()
  }

  get otherPlace(): string {
    return 'set TMPDIR to a directory that has'
  }

  /** @throws HvError BAD_ARGUMENT; the system error of write(2) */
  add(piece: Uint8Array): void {
    if (this.size + piece.length > this.#most)
      throw badArchive(
        `unpacked, it takes more than ${sizeText(this.#most)} of ${this.place}`,
        'give more as `unpackBytes`, or unpack it and name the directory',
      )
    for (let done = 0; done < piece.length; )
      done += writeSync(this.fd, piece, done, piece.length - done, this.size + done)
    this.size += piece.length
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
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
