// ArchiveFile: a regular file of an ArchiveFs: a range of its archive.

import type {Mappable} from '../file.ts'
import {FileDescription} from '../file-description.ts'
import {check} from '../host-calls.ts'
import {seekTo} from '../seek.ts'
import type {ArchiveFs, ArchiveSource} from './archive.ts'
import {type ArchivedAttributes, ArchiveNode} from './archive-node.ts'
import type {FileRange} from './host-pages.ts'

/** What is read from an archive never changes. */
const VERSION = 'archived'

export class ArchiveFile extends ArchiveNode {
  readonly source: ArchiveSource
  readonly start: number
  readonly #size: number

  constructor(
    fs: ArchiveFs,
    attributes: ArchivedAttributes,
    {source, start, size}: {source: ArchiveSource; start: number; size: number},
  ) {
    super(fs, attributes)
    this.source = source
    this.start = start
    this.#size = size
  }

  override get size(): number {
    return this.#size
  }

  override open(flags: number): FileDescription {
    return new ArchiveFileDescription(this, flags)
  }
}

class ArchiveFileDescription extends FileDescription implements FileRange {
  readonly #file: ArchiveFile
  #mappable: Mappable | undefined

  constructor(file: ArchiveFile, flags: number) {
    super(file, flags)
    this.#file = file
  }

  get fd(): number {
    return this.#file.source.fd
  }

  get start(): number {
    return this.#file.start
  }

  readSize(): number {
    return this.#file.size
  }

  override read(target: Uint8Array, position?: number): number {
    this.requireReadable()
    const {size, start} = this.#file
    const from = position ?? this.position
    const length = Math.min(target.length, size - from)
    if (length <= 0) return 0
    const count = check(this.#file.fs.files!.hostRead(this.fd, target.subarray(0, length), start + from))
    if (position === undefined) this.position += count
    return count
  }

  override seek(offset: number, whence: number): number {
    this.position = seekTo(offset, whence, this.position, this.#file.size)
    return this.position
  }

  override sync(): void {}

  override get mappable(): Mappable | undefined {
    const {fs, source} = this.#file
    const {mapped} = fs
    if (mapped === undefined) return undefined
    const isConstant = source.path === undefined || !mapped.isWritable(source.path)
    // A write to an archive in use does not change what is mapped.
    this.#mappable ??= mapped.make(this.#identity, fs.files!, () => VERSION).addUser(this, false, isConstant)
    return this.#mappable
  }

  get #identity(): string {
    return `archive:${this.#file.fs.dev}:${this.#file.ino}`
  }

  override close(): void {
    const {mapped} = this.#file.fs
    if (this.#mappable === undefined || mapped === undefined) return
    if (mapped.get(this.#identity)?.removeUser(this) === false) mapped.release(this.#identity)
  }
}
