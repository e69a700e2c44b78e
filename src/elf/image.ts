// ElfImage: what hv knows about an ELF file once it has been validated.

import type {Machine} from './machine-name.ts'

/** Random access to the file's bytes; a large file is never read whole. */
export interface ElfReader {
  /** Bytes. */
  readonly size: number
  /** Up to `length` bytes from `offset`; fewer at the end of the file. May throw Errno (EIO …), which passes through. */
  read(offset: number, length: number): Uint8Array
}

/** A program header. Numbers are bytes, below 2^53, and neither `offset + fileSize` nor `vaddr + memSize` wraps. */
export interface Segment {
  /** PT_*. */
  readonly type: number
  /** PF_*. */
  readonly flags: number
  readonly offset: number
  readonly vaddr: number
  readonly fileSize: number
  readonly memSize: number
  /** As in the file: 0, or a value that is not a power of two, means nothing. */
  readonly align: number
}

/** A little-endian ELF64 program whose loadable segments lie in the file and do not overlap. */
export interface ElfImage {
  /** The file's name, for messages. */
  readonly path: string
  readonly type: 'EXEC' | 'DYN'
  readonly machine: Machine
  readonly osabi: number
  /** Virtual addresses here and in `segments` are the file's: the load bias is not in them. */
  readonly entry: number
  /** Where the program headers lie in memory (AT_PHDR); 0 when no segment loads them. */
  readonly phdrAddress: number
  readonly phnum: number
  readonly phentsize: number
  /** All program headers in the file's order. */
  readonly segments: readonly Segment[]
  /** PT_INTERP: a byte string without its NUL. Absent: a static program. */
  readonly interp?: string
  /** PT_GNU_STACK's PF_* flags; absent when the file has none. */
  readonly stackFlags?: number
  readonly tls?: Segment
  /** The descriptor of the note `hv`, type 1, of a bare-metal guest. */
  readonly machineNote?: Uint8Array
}
