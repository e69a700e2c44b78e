// ArchiveNode: what all inodes of an ArchiveFs have: attributes from the archive, and a place.

import {S_IFIFO, S_IFLNK, S_IFMT} from '../../abi/file-mode.ts'
import type {Attributes, ByteString, Time} from '../file.ts'
import {newAttributes, PlacedInode} from '../inode.ts'
import type {ArchiveFs} from './archive.ts'
import type {ArchiveDirectory} from './archive-directory.ts'

const BLOCK = 512

/** What an archive says about a file. */
export interface ArchivedAttributes {
  /** Includes the file type. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: Time
}

export class ArchiveNode extends PlacedInode<ArchiveDirectory> {
  readonly fs: ArchiveFs
  readonly #ino: number
  #mode: number
  #uid: number
  #gid: number
  #mtime: Time
  /** Names that lead here. */
  #names = 0

  constructor(fs: ArchiveFs, {mode, uid, gid, mtime}: ArchivedAttributes) {
    super(mode & S_IFMT)
    this.fs = fs
    this.#ino = fs.takeIno()
    this.#mode = mode
    this.#uid = uid
    this.#gid = gid
    this.#mtime = mtime
  }

  get ino(): number {
    return this.#ino
  }

  get size(): number {
    return 0
  }

  get rdev(): number {
    return 0
  }

  protected get linkCount(): number {
    return this.#names
  }

  /** For a directory that occurs again. */
  describe({mode, uid, gid, mtime}: ArchivedAttributes): void {
    this.#mode = mode
    this.#uid = uid
    this.#gid = gid
    this.#mtime = mtime
  }

  /** All names that lead here, and its bytes, have been counted elsewhere. */
  countNames(names: number): void {
    this.#names = names
  }

  gainName(): void {
    if (this.#names++ === 0) this.fs.hold(this.size)
  }

  loseName(): void {
    if (--this.#names === 0) this.fs.hold(-this.size)
  }

  override attributes(): Attributes {
    const attributes = newAttributes(this.fs, this.#ino, this.#mode, this.#mtime)
    attributes.nlink = this.linkCount
    attributes.uid = this.#uid
    attributes.gid = this.#gid
    attributes.rdev = this.rdev
    attributes.size = this.size
    attributes.blocks = Math.ceil(this.size / BLOCK)
    return attributes
  }
}

export class ArchiveLink extends ArchiveNode {
  readonly #target: ByteString

  constructor(fs: ArchiveFs, attributes: ArchivedAttributes, target: ByteString) {
    super(fs, {...attributes, mode: S_IFLNK | 0o777})
    this.#target = target
  }

  override get size(): number {
    return this.#target.length
  }

  override readlink(): ByteString {
    return this.#target
  }
}

/** A fifo or a device: the overlay on top decides what it opens. */
export class ArchiveSpecial extends ArchiveNode {
  readonly #rdev: number

  constructor(fs: ArchiveFs, attributes: ArchivedAttributes, rdev: number) {
    super(fs, attributes)
    this.#rdev = this.kind === S_IFIFO ? 0 : rdev
  }

  override get rdev(): number {
    return this.#rdev
  }
}
