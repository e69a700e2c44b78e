// Qids: the 13 bytes by which a machine tells the files of a share apart.

import {S_IFDIR, S_IFLNK, S_IFMT} from '../../abi/file-mode.ts'
import type {Attributes} from '../../vfs/file.ts'
import {QTDIR, QTFILE, QTSYMLINK} from './messages.ts'
import type {Reply} from './reply.ts'

const TWO_32 = 2 ** 32
/** Of a file's number; above it in the 64 bits of a path is the number of its file system. */
const INO_BITS = 53
const FS_SHIFT = INO_BITS - 32
/** File systems that are told apart; those after them share numbers. */
const MAX_FS = 2 ** (64 - INO_BITS)

export class Qids {
  /** What the file systems of one share are numbered by. The first is 0: a share that has one shows the inode numbers as they are. */
  readonly #numbers = new Map<number, number>()

  /** type[1] version[4] path[8]. */
  write(reply: Reply, attributes: Attributes): void {
    const {mode, mtime, size} = attributes
    reply.uint8(typeOf(mode))
    // Changes with the content, as far as that shows: clients that cache by it look anew.
    reply.uint32(mtime.seconds ^ mtime.nanoseconds ^ (size << 8))
    this.#writePath(reply, attributes.dev, attributes.ino)
  }

  /** Of an entry of a directory, without a look at the file. @param type DT_* @param dev the directory's */
  writeEntry(reply: Reply, type: number, dev: number, ino: number): void {
    reply.uint8(typeOf(type << 12))
    reply.uint32(0)
    this.#writePath(reply, dev, ino)
  }

  #writePath(reply: Reply, dev: number, ino: number): void {
    reply.uint32(ino % TWO_32)
    reply.uint32(Math.floor(ino / TWO_32) + this.#numberOf(dev) * 2 ** FS_SHIFT)
  }

  #numberOf(dev: number): number {
    let number = this.#numbers.get(dev)
    if (number === undefined) {
      number = this.#numbers.size % MAX_FS
      this.#numbers.set(dev, number)
    }
    return number
  }
}

function typeOf(mode: number): number {
  const kind = mode & S_IFMT
  return kind === S_IFDIR ? QTDIR : kind === S_IFLNK ? QTSYMLINK : QTFILE
}
