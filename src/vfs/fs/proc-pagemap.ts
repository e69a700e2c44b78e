// /proc/PID/pagemap: a 64-bit word for each page of the address space (Documentation/admin-guide/mm/pagemap.rst).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {S_IFREG} from '../../abi/file-mode.ts'
import type {ByteString} from '../file.ts'
import {FileDescription} from '../file-description.ts'
import {seekTo} from '../seek.ts'
import {type Entry, type ProcDirectory, ProcNode} from './proc-nodes.ts'
import type {ProcProcess} from './proc-source.ts'

/** Fills words from page `first` on; returns how many. */
export type ReadPagemap = (first: number, words: BigUint64Array) => number

const WORD_BYTES = 8
/** One read gives no more: read(2) may return less than was asked for. */
const MAX_WORDS = 1 << 16

export function pagemap(of: () => ProcProcess): Entry {
  return {kind: S_IFREG, make: (parent, name) => new PagemapNode(of, parent, name)}
}

class PagemapNode extends ProcNode {
  readonly #of: () => ProcProcess

  constructor(of: () => ProcProcess, parent: ProcDirectory, name: ByteString) {
    super(S_IFREG, 0o400, parent.fs, parent, name)
    this.#of = of
  }

  override open(flags: number): FileDescription {
    const of = this.#of
    of().requireAccess()
    const {program} = of()
    const read: ReadPagemap = (first, words) => (of().program === program ? of().pagemap(first, words) : 0)
    return new PagemapDescription(this, flags, read)
  }
}

class PagemapDescription extends FileDescription {
  readonly #read: ReadPagemap

  constructor(inode: PagemapNode, flags: number, read: ReadPagemap) {
    super(inode, flags)
    this.#read = read
  }

  override read(target: Uint8Array, position?: number): number {
    this.requireReadable()
    const start = position ?? this.position
    if (start % WORD_BYTES !== 0 || target.length % WORD_BYTES !== 0) throw new Errno(EINVAL)
    const words = new BigUint64Array(Math.min(target.length / WORD_BYTES, MAX_WORDS))
    const bytes = this.#read(start / WORD_BYTES, words) * WORD_BYTES
    target.set(new Uint8Array(words.buffer, 0, bytes))
    if (position === undefined) this.position += bytes
    return bytes
  }

  override seek(offset: number, whence: number): number {
    this.position = seekTo(offset, whence, this.position, 0)
    return this.position
  }
}
