// FieldWriter: writes the little-endian fields of one answer to a machine, into a buffer that all answers share.

import {EMSGSIZE, Errno} from '../../abi/errno.ts'
import type {ByteString} from '../../vfs/file.ts'

const TWO_32 = 2 ** 32
/** The limit before anything is agreed. */
const FIRST_BYTES = 4096

export class FieldWriter {
  protected buffer = Buffer.alloc(FIRST_BYTES)
  protected at = 0
  /** Bytes of an answer, at most. */
  #limit = FIRST_BYTES

  /** Limits answers from this one on. Memory is taken once, for the longest. */
  setLimit(bytes: number): void {
    this.#limit = bytes
    if (bytes > this.buffer.length) this.buffer = Buffer.concat([this.buffer], bytes)
  }

  /** Sets the answer's length, which it begins with. @returns the answer, valid until the next one */
  end(): Uint8Array {
    this.buffer.writeUInt32LE(this.at, 0)
    return this.buffer.subarray(0, this.at)
  }

  /** Bytes that are left. */
  get room(): number {
    return this.#limit - this.at
  }

  /** For this and those below: @throws Errno EMSGSIZE when the answer would be longer than agreed */
  uint8(value: number): void {
    this.buffer[this.take(1)] = value
  }

  uint16(value: number): void {
    this.buffer.writeUInt16LE(value, this.take(2))
  }

  uint32(value: number): void {
    this.buffer.writeUInt32LE(value >>> 0, this.take(4))
  }

  /** Two's complement for a negative one. @param value exact: below 2^53 from zero */
  uint64(value: number): void {
    const at = this.take(8)
    const high = Math.floor(value / TWO_32)
    this.buffer.writeUInt32LE((value - high * TWO_32) >>> 0, at)
    this.buffer.writeUInt32LE(high >>> 0, at + 4)
  }

  latin1(text: ByteString): void {
    const at = this.take(text.length)
    this.buffer.write(text, at, 'latin1')
  }

  /** @param fill writes to its argument, which holds old bytes, and says how many it wrote. @returns how many */
  fill(most: number, fill: (target: Uint8Array) => number): number {
    const start = this.at
    const count = fill(this.buffer.subarray(start, start + Math.min(most, this.room)))
    this.at = start + count
    return count
  }

  /** @returns where the bytes go */
  protected take(count: number): number {
    if (count > this.room) throw new Errno(EMSGSIZE)
    const at = this.at
    this.at = at + count
    return at
  }
}
