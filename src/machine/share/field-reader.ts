// FieldReader: reads little-endian fields of a machine's request. Each count in it is untrusted: no read leaves the request.

import {EPROTO, Errno} from '../../abi/errno.ts'
import {unsignedWord} from '../../abi/word.ts'
import type {ByteString} from '../../vfs/file.ts'

export class FieldReader {
  protected readonly buffer: Buffer
  /** Where the request ends. */
  protected end: number
  #at: number

  /**
   * @param bytes the request or more; they must not change until it is answered
   * @param at where its fields begin
   */
  constructor(bytes: Uint8Array, at: number) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.end = bytes.length
    this.#at = at
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
