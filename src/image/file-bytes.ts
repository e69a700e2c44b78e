// FileBytes: a part of an open host file, read a block at a time.

import {readSync} from 'node:fs'
import type {ArchiveSource} from '../vfs/fs/archive.ts'

/** Headers lie between files, and most files are small. */
const WINDOW_BYTES = 1 << 16

export class FileBytes {
  readonly source: ArchiveSource
  /** In the file. */
  readonly start: number
  readonly size: number
  readonly #window = Buffer.allocUnsafeSlow(WINDOW_BYTES)
  #windowAt = 0
  #windowLength = 0

  constructor(source: ArchiveSource, start: number, size: number) {
    this.source = source
    this.start = start
    this.size = size
  }

  /** Returns fewer bytes than asked for at the end. The next call may overwrite them. @throws the system error of pread(2) */
  read(position: number, length: number): Buffer {
    const wanted = Math.max(0, Math.min(length, this.size - position))
    if (wanted > WINDOW_BYTES) return this.#readInto(Buffer.allocUnsafeSlow(wanted), position)
    if (position < this.#windowAt || position + wanted > this.#windowAt + this.#windowLength) {
      const most = Math.min(WINDOW_BYTES, this.size - position)
      this.#windowLength = this.#readInto(this.#window.subarray(0, most), position).length
      this.#windowAt = position
    }
    const from = position - this.#windowAt
    return this.#window.subarray(from, Math.min(from + wanted, this.#windowLength))
  }

  #readInto(target: Buffer, position: number): Buffer {
    let done = 0
    while (done < target.length) {
      const count = readSync(this.source.fd, target, done, target.length - done, this.start + position + done)
      if (count === 0) break
      done += count
    }
    return target.subarray(0, done)
  }
}
