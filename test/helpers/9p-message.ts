// 9P2000.L messages by hand, for tests: fields into bytes, and the fields of an answer. They share no code with the server.

/** size in front of each value: 1, 2, 4 or 8 bytes, a string with its length, or bytes as they are. */
export type Field = [1 | 2 | 4 | 8, number] | string | Uint8Array

export const u8 = (value: number): Field => [1, value]
export const u16 = (value: number): Field => [2, value]
export const u32 = (value: number): Field => [4, value]
export const u64 = (value: number): Field => [8, value]

/** A whole message, with the right size. */
export function message(type: number, tag: number, ...fields: readonly Field[]): Uint8Array {
  const parts = fields.map((field) => {
    if (typeof field === 'string') {
      const bytes = Buffer.from(field, 'latin1')
      return Buffer.concat([Buffer.from([bytes.length & 0xff, bytes.length >> 8]), bytes])
    }
    if (field instanceof Uint8Array) return field
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(field[1])))
    return bytes.subarray(0, field[0])
  })
  const body = Buffer.concat(parts)
  const header = Buffer.alloc(7)
  header.writeUInt32LE(7 + body.length, 0)
  header[4] = type
  header.writeUInt16LE(tag, 5)
  return Buffer.concat([header, body])
}

/** Reads the fields of an answer. */
export class Answer {
  readonly bytes: Buffer
  #at = 7

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes)
  }

  get type(): number {
    return this.bytes[4]
  }

  get tag(): number {
    return this.bytes.readUInt16LE(5)
  }

  get left(): number {
    return this.bytes.length - this.#at
  }

  u8(): number {
    return this.bytes[this.#skip(1)]
  }

  u16(): number {
    return this.bytes.readUInt16LE(this.#skip(2))
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.#skip(4))
  }

  u64(): number {
    return Number(this.bytes.readBigInt64LE(this.#skip(8)))
  }

  text(): string {
    const length = this.u16()
    const at = this.#skip(length)
    return this.bytes.toString('latin1', at, at + length)
  }

  data(): Buffer {
    const length = this.u32()
    const at = this.#skip(length)
    return this.bytes.subarray(at, at + length)
  }

  qid(): Qid {
    return {type: this.u8(), version: this.u32(), path: this.u64()}
  }

  #skip(count: number): number {
    const at = this.#at
    this.#at += count
    return at
  }
}

export interface Qid {
  type: number
  version: number
  path: number
}
