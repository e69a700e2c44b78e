// FieldReader: reads little-endian fields of a machine's request. Each count in it is untrusted: no read leaves the request.

import {EMSGSIZE, EPROTO, Errno} from '../../abi/errno.ts'
import {signedWord, unsignedWord} from '../../abi/word.ts'
import type {ByteString} from '../../vfs/file.ts'

export class FieldReader {
  protected readonly buffer: Buffer
  /** Where the request ends. */
  protected end: number
  readonly #headerBytes: number
  #at: number

  /**
   * @param bytes the request or more; they must not change until it is answered
   * @param headerBytes its fields begin after them; they begin with its length
   */
  constructor(bytes: Uint8Array, headerBytes: number) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.end = bytes.length
    this.#headerBytes = headerBytes
    this.#at = headerBytes
  }

  get hasHeader(): boolean {
    return this.buffer.length >= this.#headerBytes
  }

  /** @throws Errno EPROTO when its length is not what it says, EMSGSIZE when it is longer than agreed */
  checkSize(mostBytes = Number.POSITIVE_INFINITY): void {
    const size = this.hasHeader ? this.buffer.readUInt32LE(0) : 0
    if (size < this.#headerBytes || size > this.buffer.length) throw new Errno(EPROTO)
    if (size > mostBytes) throw new Errno(EMSGSIZE)
    this.end = size
  }

  /** Bytes that are left. */
  get left(): number {
    return this.end - this.#at
  }

  /** For this and those below: @throws Errno EPROTO when the request ends before */
  uint8(): number {
    return this.buffer[this.take(1)]
  }

  uint16(): number {
    return this.buffer.readUInt16LE(this.take(2))
  }

  uint32(): number {
    return this.buffer.readUInt32LE(this.take(4))
  }

  /** As in abi/word.ts: exact up to 2^52, and past the end of any file when it is larger. */
  uint64(): number {
    const at = this.take(8)
    return unsignedWord(this.buffer.readInt32LE(at), this.buffer.readInt32LE(at + 4))
  }

  /** The same for a signed one. */
  int64(): number {
    const at = this.take(8)
    return signedWord(this.buffer.readInt32LE(at), this.buffer.readInt32LE(at + 4))
  }

  /** The request's own bytes, not a copy. */
  bytes(count: number): Uint8Array {
    const at = this.take(count)
    return this.buffer.subarray(at, at + count)
  }

  skip(count: number): void {
    this.take(count)
  }

  protected latin1(count: number): ByteString {
    const at = this.take(count)
    return this.buffer.toString('latin1', at, at + count)
  }

  /** @returns where the bytes are */
  protected take(count: number): number {
    const at = this.#at
    if (count > this.end - at) throw new Errno(EPROTO)
    this.#at = at + count
    return at
  }
}
