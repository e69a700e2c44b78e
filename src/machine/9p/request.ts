// Request: one message from a machine: its header, and its fields (FieldReader).

import {EINVAL, ENOENT, Errno} from '../../abi/errno.ts'
import type {ByteString} from '../../vfs/file.ts'
import {FieldReader} from '../share/field-reader.ts'
import {HEADER_BYTES, NO_TAG} from './messages.ts'

const TYPE = 4
const TAG = 5

export class Request extends FieldReader {
  /** @param bytes the message or more; they must not change until it is answered */
  constructor(bytes: Uint8Array) {
    super(bytes, HEADER_BYTES)
  }

  /** 0 when there is not even a header. */
  get type(): number {
    return this.hasHeader ? this.buffer[TYPE] : 0
  }

  get tag(): number {
    return this.hasHeader ? this.buffer.readUInt16LE(TAG) : NO_TAG
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
