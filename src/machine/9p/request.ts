// Request: one message from a machine: its header, and its fields (FieldReader).

import {EINVAL, EMSGSIZE, ENOENT, EPROTO, Errno} from '../../abi/errno.ts'
import type {Timespec} from '../../abi/time.ts'
import {signedWord} from '../../abi/word.ts'
import type {ByteString} from '../../vfs/file.ts'
import {FieldReader} from '../share/field-reader.ts'
import {HEADER_BYTES, NO_TAG} from './messages.ts'

const TYPE = 4
const TAG = 5
const NS_PER_SECOND = 1e9

export class Request extends FieldReader {
  /** @param bytes the message or more; they must not change until it is answered */
  constructor(bytes: Uint8Array) {
    super(bytes, HEADER_BYTES)
  }

  /** 0 when there is not even a header. */
  get type(): number {
    return this.buffer.length < HEADER_BYTES ? 0 : this.buffer[TYPE]
  }

  get tag(): number {
    return this.buffer.length < HEADER_BYTES ? NO_TAG : this.buffer.readUInt16LE(TAG)
  }

  /** @throws Errno EPROTO when its length is not what it says, EMSGSIZE when it is longer than agreed */
  checkSize(mostBytes: number): void {
    if (this.buffer.length < HEADER_BYTES) throw new Errno(EPROTO)
    const size = this.buffer.readUInt32LE(0)
    if (size < HEADER_BYTES || size > this.buffer.length) throw new Errno(EPROTO)
    if (size > mostBytes) throw new Errno(EMSGSIZE)
    this.end = size
  }

  /** @throws Errno EINVAL for invalid nanoseconds */
  time(): Timespec {
    const at = this.take(8)
    const seconds = signedWord(this.buffer.readInt32LE(at), this.buffer.readInt32LE(at + 4))
    const nanoseconds = this.uint64()
    if (nanoseconds >= NS_PER_SECOND) throw new Errno(EINVAL)
    return {seconds, nanoseconds}
  }

  text(): ByteString {
    return this.latin1(this.uint16())
  }

  /** One component of a path, which may be `.` or `..`. @throws Errno ENOENT, EINVAL when it is not a single name */
  name(): ByteString {
    const name = this.text()
    if (name === '') throw new Errno(ENOENT)
    if (name.includes('/') || name.includes('\0')) throw new Errno(EINVAL)
    return name
  }
}
