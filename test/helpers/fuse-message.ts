// Handmade FUSE requests for tests: fields into bytes, and the fields of an answer. They share no code with the server.

import {bytesOf, type Field, Fields} from './fields.ts'

const IN_HEADER_BYTES = 40
const OUT_HEADER_BYTES = 16

export const Op = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  setxattr: 21,
  getxattr: 22,
  listxattr: 23,
  removexattr: 24,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  getlk: 31,
  setlk: 32,
  setlkw: 33,
  access: 34,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  fallocate: 43,
  readdirplus: 44,
  rename2: 45,
  lseek: 46,
} as const

export interface Header {
  unique?: number
  node?: number
  uid?: number
  gid?: number
}

/** A whole request, with the right size. A NUL follows a string. */
export function request(opcode: number, header: Header, ...fields: readonly Field[]): Uint8Array {
  const {unique = 1, node = 1, uid = 0, gid = 0} = header
  const body = bytesOf(fields, (text) => Buffer.concat([text, Buffer.alloc(1)]))
  const bytes = Buffer.alloc(IN_HEADER_BYTES)
  bytes.writeUInt32LE(IN_HEADER_BYTES + body.length, 0)
  bytes.writeUInt32LE(opcode, 4)
  bytes.writeBigUInt64LE(BigInt(unique), 8)
  bytes.writeBigUInt64LE(BigInt(node), 16)
  bytes.writeUInt32LE(uid, 24)
  bytes.writeUInt32LE(gid, 28)
  return Buffer.concat([bytes, body])
}

export interface Stat {
  ino: number
  size: number
  blocks: number
  atimeNs: bigint
  mtimeNs: bigint
  ctimeNs: bigint
  mode: number
  nlink: number
  uid: number
  gid: number
  rdev: number
  blksize: number
}

export interface Entry {
  node: number
  stat: Stat
}

export interface DirectoryEntry {
  ino: number
  offset: number
  type: number
  name: string
  /** For READDIRPLUS; its node is 0 where the server says nothing about the file. */
  entry?: Entry
}

export class Answer extends Fields {
  constructor(bytes: Uint8Array) {
    super(bytes, OUT_HEADER_BYTES)
  }

  /** An errno; 0: none. */
  get error(): number {
    return -this.bytes.readInt32LE(4) || 0
  }

  get unique(): number {
    return Number(this.bytes.readBigUInt64LE(8))
  }

  rest(): Buffer {
    return this.take(this.left)
  }

  entry(): Entry {
    const node = this.u64()
    this.take(32)
    return {node, stat: this.stat()}
  }

  attributes(): Stat {
    this.take(16)
    return this.stat()
  }

  stat(): Stat {
    const [ino, size, blocks] = [this.u64(), this.u64(), this.u64()]
    const seconds = [this.u64(), this.u64(), this.u64()]
    const [atimeNs, mtimeNs, ctimeNs] = seconds.map(
      (each) => BigInt(each) * 1_000_000_000n + BigInt(this.u32()),
    )
    const [mode, nlink, uid, gid, rdev, blksize] = Array.from({length: 6}, () => this.u32())
    this.u32()
    return {ino, size, blocks, atimeNs, mtimeNs, ctimeNs, mode, nlink, uid, gid, rdev, blksize}
  }

  listing(isPlus: boolean): DirectoryEntry[] {
    const entries: DirectoryEntry[] = []
    while (this.left > 0) {
      const entry = isPlus ? this.entry() : undefined
      const [ino, offset, length, type] = [this.u64(), this.u64(), this.u32(), this.u32()]
      const name = this.take(length).toString('latin1')
      this.take(-length & 7)
      entries.push({ino, offset, type, name, ...(entry && {entry})})
    }
    return entries
  }
}
