// Request: one request from a machine's kernel: its header, and its fields (FieldReader).

import {EINVAL, EPROTO, Errno} from '../../abi/errno.ts'
import {unsignedWord} from '../../abi/word.ts'
import type {ByteString} from '../../vfs/file.ts'
import {FieldReader} from '../share/field-reader.ts'
import {IN_HEADER_BYTES} from './messages.ts'

const OPCODE = 4
const UNIQUE = 8
const NODE = 16
const UID = 24
const GID = 28
const NO_UNIQUE = Buffer.alloc(8)

export class Request extends FieldReader {
  /** How much of it is done, when it takes several turns of the event loop. */
  done: number

  /** @param bytes the request or more; they must not change until it is answered */
  constructor(bytes: Uint8Array, done = 0) {
    super(bytes, IN_HEADER_BYTES)
    this.done = done
  }

  /** The same request, to be read from its beginning. @param bytes its own, or a copy of them */
  again(bytes: Uint8Array = this.buffer): Request {
    return new Request(bytes, this.done)
  }

  /** 0 when there is not even a header. */
  get opcode(): number {
    return this.hasHeader ? this.buffer.readUInt32LE(OPCODE) : 0
  }

  /** The eight bytes that the answer repeats. */
  get unique(): Buffer {
    return this.hasHeader ? this.buffer.subarray(UNIQUE, UNIQUE + 8) : NO_UNIQUE
  }

  /** This and those below: preconditions: it has a header. */
  get nodeId(): number {
    return unsignedWord(this.buffer.readInt32LE(NODE), this.buffer.readInt32LE(NODE + 4))
  }

  /** The uid of the process that asks. */
  get uid(): number {
    return this.buffer.readUInt32LE(UID)
  }

  get gid(): number {
    return this.buffer.readUInt32LE(GID)
  }

  /** A string up to its NUL. @throws Errno EPROTO when there is none */
  text(): ByteString {
    const rest = this.buffer.subarray(this.end - this.left, this.end)
    const length = rest.indexOf(0)
    if (length < 0) throw new Errno(EPROTO)
    const text = this.latin1(length)
    this.skip(1)
    return text
  }

  /** One component of a path. @throws Errno EINVAL when it is not a single name, or leads up */
  name(): ByteString {
    const name = this.text()
    if (name === '' || name === '.' || name === '..' || name.includes('/')) throw new Errno(EINVAL)
    return name
  }
}
