// Handmade 9P2000.L messages for tests: fields into bytes, and the fields of an answer. They share no code with the server.

import {bytesOf, type Field, Fields} from './fields.ts'

export {type Field, u8, u16, u32, u64} from './fields.ts'

const HEADER_BYTES = 7

/** A whole message, with the right size. A string follows its length. */
export function message(type: number, tag: number, ...fields: readonly Field[]): Uint8Array {
  const body = bytesOf(fields, (text) =>
    Buffer.concat([Buffer.from([text.length & 0xff, text.length >> 8]), text]),
  )
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(HEADER_BYTES + body.length, 0)
  header[4] = type
  header.writeUInt16LE(tag, 5)
  return Buffer.concat([header, body])
}

export class Answer extends Fields {
  constructor(bytes: Uint8Array) {
    super(bytes, HEADER_BYTES)
  }

  get type(): number {
    return this.bytes[4]
  }

  get tag(): number {
    return this.bytes.readUInt16LE(5)
  }

  text(): string {
    return this.take(this.u16()).toString('latin1')
  }

  data(): Buffer {
    return this.take(this.u32())
  }

  qid(): Qid {
    return {type: this.u8(), version: this.u32(), path: this.u64()}
  }
}

export interface Qid {
  type: number
  version: number
  path: number
}

export interface Stat {
  qid: Qid
  mode: number
  uid: number
  gid: number
  nlink: number
  rdev: number
  size: number
  blksize: number
  blocks: number
  atimeNs: bigint
  mtimeNs: bigint
  ctimeNs: bigint
}

export interface Entry {
  qid: Qid
  offset: number
  type: number
  name: string
}
