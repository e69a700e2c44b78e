// Little-endian fields of handmade messages for tests: into bytes, and out of an answer. They share no code with the servers.

/** A size and a value (1, 2, 4 or 8 bytes), a string, or bytes as they are. */
export type Field = [1 | 2 | 4 | 8, number] | string | Uint8Array

export const u8 = (value: number): Field => [1, value]
export const u16 = (value: number): Field => [2, value]
export const u32 = (value: number): Field => [4, value]
export const u64 = (value: number): Field => [8, value]

/** @param textOf encodes a string as the protocol does */
export function bytesOf(fields: readonly Field[], textOf: (text: Buffer) => Buffer): Buffer {
  const parts = fields.map((field) => {
    if (typeof field === 'string') return textOf(Buffer.from(field, 'latin1'))
    if (field instanceof Uint8Array) return field
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(field[1])))
    return bytes.subarray(0, field[0])
  })
  return Buffer.concat(parts)
}

/** Reads the fields of an answer. */
export class Fields {
  readonly bytes: Buffer
  #at: number

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = Buffer.from(bytes)
    this.#at = at
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

  take(count: number): Buffer {
    const at = this.#skip(count)
    return this.bytes.subarray(at, at + count)
  }

  #skip(count: number): number {
    const at = this.#at
    this.#at += count
    return at
  }
}
