// BlockStore: where a block device keeps its bytes: an open host file, or memory.

import {fdatasync as fdatasyncOf, fstatSync, read as readOf, write as writeOf} from 'node:fs'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {promisify} from 'node:util'

const read = promisify(readOf)
const write = promisify(writeOf)
const fdatasync = promisify(fdatasyncOf)
const PIECE_BYTES = 1 << 18

/** Offsets and lengths are bytes within it. A rejected promise is an I/O error for the guest. */
export interface BlockStore {
  readonly bytes: number
  readonly isReadOnly: boolean
  /** Fills `bytes`. */
  read(bytes: Uint8Array, offset: number): Promise<void>
  write(bytes: Uint8Array, offset: number): Promise<void>
  /** Resolves when everything written is on the disk. */
  flush(): Promise<void>
  /** The range's content no longer matters. When absent, the guest is not offered it. */
  discard?(offset: number, length: number): Promise<void>
}

export interface FileStoreOptions {
  isReadOnly?: boolean
  /** Default: the file's size. A host block device needs it. */
  bytes?: number
  /** fallocate(2) with PUNCH_HOLE and KEEP_SIZE on the file. Node has none; without it there is no discard. */
  punchHole?(offset: number, length: number): void | Promise<void>
}

/** A raw image. Its size stays: nothing is read or written past the end. The caller keeps the descriptor. */
export class FileStore implements BlockStore {
  readonly bytes: number
  readonly isReadOnly: boolean
  readonly discard?: (offset: number, length: number) => Promise<void>
  readonly #fd: number

  /** @param fd open for reading, and for writing unless it is read-only @throws the errors of fstat(2) */
  constructor(fd: number, {isReadOnly = false, bytes, punchHole}: FileStoreOptions = {}) {
    this.#fd = fd
    this.isReadOnly = isReadOnly
    this.bytes = bytes ?? fstatSync(fd).size
    if (punchHole !== undefined) this.discard = async (offset, length) => punchHole(offset, length)
  }

  async read(bytes: Uint8Array, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const {bytesRead} = await read(this.#fd, bytes, at, bytes.length - at, offset + at)
      if (bytesRead === 0) throw new Error('the file became shorter')
      at += bytesRead
    }
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const {bytesWritten} = await write(this.#fd, bytes, at, bytes.length - at, offset + at)
      if (bytesWritten === 0) throw new Error('the file takes no more')
      at += bytesWritten
    }
  }

  flush(): Promise<void> {
    return fdatasync(this.#fd)
  }
}

/** Takes a turn of the event loop for each access: a guest that asks without end must not hold it up. */
export class MemoryStore implements BlockStore {
  readonly isReadOnly: boolean
  readonly #content: Uint8Array

  /** @param content changed in place */
  constructor(content: Uint8Array, isReadOnly = false) {
    this.#content = content
    this.isReadOnly = isReadOnly
  }

  get bytes(): number {
    return this.#content.length
  }

  async read(bytes: Uint8Array, offset: number): Promise<void> {
    await nextTurn()
    bytes.set(this.#content.subarray(offset, offset + bytes.length))
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    await nextTurn()
    this.#content.set(bytes, offset)
  }

  async flush(): Promise<void> {}

  async discard(offset: number, length: number): Promise<void> {
    for (let at = offset; at < offset + length; at += PIECE_BYTES) {
      await nextTurn()
      this.#content.fill(0, at, Math.min(at + PIECE_BYTES, offset + length))
    }
  }
}
