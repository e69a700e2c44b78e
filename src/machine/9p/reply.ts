// Reply: writes one message to a machine, in a buffer that all of them share.

import {EMSGSIZE, Errno} from '../../abi/errno.ts'
import type {Timespec} from '../../abi/time.ts'
import type {ByteString} from '../../vfs/file.ts'
import {HEADER_BYTES, LEAST_MESSAGE_BYTES, RLERROR} from './messages.ts'

const TWO_32 = 2 ** 32

export class Reply {
  #bytes = Buffer.alloc(LEAST_MESSAGE_BYTES)
  #at = 0
  /** Bytes of a message, at most. */
  #limit = LEAST_MESSAGE_BYTES

  /** How long messages may be from this one on. Memory is taken once, for the longest. */
  setLimit(bytes: number): void {
    this.#limit = bytes
    if (bytes > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], bytes)
  }

  /** Bytes that are left. */
  get room(): number {
    return this.#limit - this.#at
  }

  begin(type: number, tag: number): void {
    this.#bytes[4] = type
    this.#bytes.writeUInt16LE(tag, 5)
    this.#at = HEADER_BYTES
  }

  /** @returns the message: it is gone with the next one */
  end(): Uint8Array {
    this.#bytes.writeUInt32LE(this.#at, 0)
    return this.#bytes.subarray(0, this.#at)
  }

  /** The whole message, in place of what was begun. */
  error(tag: number, code: number): Uint8Array {
    this.begin(RLERROR, tag)
    this.uint32(code)
    return this.end()
  }

  /** This and those below: @throws Errno EMSGSIZE when the message would be longer than agreed */
  uint8(value: number): void {
    this.#bytes[this.#take(1)] = value
  }

  uint16(value: number): void {
    this.#bytes.writeUInt16LE(value, this.#take(2))
  }

  uint32(value: number): void {
    this.#bytes.writeUInt32LE(value >>> 0, this.#take(4))
  }

  /** Two's complement for a negative one. @param value exact: below 2^53 from zero */
  uint64(value: number): void {
    const at = this.#take(8)
    const high = Math.floor(value / TWO_32)
    this.#bytes.writeUInt32LE((value - high * TWO_32) >>> 0, at)
    this.#bytes.writeUInt32LE(high >>> 0, at + 4)
  }

  time({seconds, nanoseconds}: Timespec): void {
    this.uint64(seconds)
    this.uint64(nanoseconds)
  }

  text(text: ByteString): void {
    this.uint16(text.length)
    const at = this.#take(text.length)
    this.#bytes.write(text, at, 'latin1')
  }

  /** count[4] and that many bytes: what `write` returns. @param write puts at most the bytes of its argument, which holds old ones */
  counted(most: number, write: (target: Uint8Array) => number): void {
    const countAt = this.startCount()
    const start = this.#at
    this.#at += write(this.#bytes.subarray(start, start + Math.min(most, this.room)))
    this.endCount(countAt)
  }

  /** The same, where the fields that follow are counted. @returns what endCount wants */
  startCount(): number {
    return this.#take(4)
  }

  endCount(countAt: number): void {
    this.#bytes.writeUInt32LE(this.#at - countAt - 4, countAt)
  }

  #take(count: number): number {
    if (count > this.room) throw new Errno(EMSGSIZE)
    const at = this.#at
    this.#at = at + count
    return at
  }
}
