// Request: reads the fields of one message from a machine. Each count in it is an allegation: no read leaves the message.

import {EINVAL, EMSGSIZE, ENOENT, EPROTO, Errno} from '../../abi/errno.ts'
import type {Timespec} from '../../abi/time.ts'
import {signedWord, unsignedWord} from '../../abi/word.ts'
import type {ByteString} from '../../vfs/file.ts'
import {HEADER_BYTES, NO_TAG} from './messages.ts'

const TYPE = 4
const TAG = 5
const NS_PER_SECOND = 1e9

export class Request {
  readonly #bytes: Buffer
  /** Where the message ends, as its own size says. */
  #end: number
  #at = HEADER_BYTES

  /** @param bytes at least the message; nobody changes them until it is answered */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#end = bytes.length
  }

  /** 0: there is not even a header. */
  get type(): number {
    return this.#bytes.length < HEADER_BYTES ? 0 : this.#bytes[TYPE]
  }

  get tag(): number {
    return this.#bytes.length < HEADER_BYTES ? NO_TAG : this.#bytes.readUInt16LE(TAG)
  }

  /** @throws Errno EPROTO when it is not as long as it says, EMSGSIZE when it is longer than agreed */
  checkSize(mostBytes: number): void {
    if (this.#bytes.length < HEADER_BYTES) throw new Errno(EPROTO)
    const size = this.#bytes.readUInt32LE(0)
    if (size < HEADER_BYTES || size > this.#bytes.length) throw new Errno(EPROTO)
    if (size > mostBytes) throw new Errno(EMSGSIZE)
    this.#end = size
  }

  /** This and those below: @throws Errno EPROTO when the message ends before */
  uint8(): number {
    return this.#bytes[this.#take(1)]
  }

  uint16(): number {
    return this.#bytes.readUInt16LE(this.#take(2))
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#take(4))
  }

  /** By the rule of abi/word.ts: exact up to 2^52, and beyond every file when it is larger. */
  uint64(): number {
    const at = this.#take(8)
    return unsignedWord(this.#bytes.readInt32LE(at), this.#bytes.readInt32LE(at + 4))
  }

  /** @throws Errno EINVAL for nanoseconds that are none */
  time(): Timespec {
    const at = this.#take(8)
    const seconds = signedWord(this.#bytes.readInt32LE(at), this.#bytes.readInt32LE(at + 4))
    const nanoseconds = this.uint64()
    if (nanoseconds >= NS_PER_SECOND) throw new Errno(EINVAL)
    return {seconds, nanoseconds}
  }

  /** The message's own bytes: no copy. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count)
    return this.#bytes.subarray(at, at + count)
  }

  text(): ByteString {
    const length = this.uint16()
    const at = this.#take(length)
    return this.#bytes.toString('latin1', at, at + length)
  }

  /** One component of a path, which may be `.` or `..`. @throws Errno ENOENT, EINVAL when it is more or less than a name */
  name(): ByteString {
    const name = this.text()
    if (name === '') throw new Errno(ENOENT)
    if (name.includes('/') || name.includes('\0')) throw new Errno(EINVAL)
    return name
  }

  #take(count: number): number {
    const at = this.#at
    if (count > this.#end - at) throw new Errno(EPROTO)
    this.#at = at + count
    return at
  }
}
