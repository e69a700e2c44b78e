// FileNumbers: the 64 bits that tell a machine the files of a share apart.

import type {FieldWriter} from './field-writer.ts'

const TWO_32 = 2 ** 32
/** Bits of a file's number; the number of its file system is above them. */
const INO_BITS = 53
const FS_SHIFT = INO_BITS - 32
/** The most file systems that are told apart; those after them share numbers. */
const MAX_FS = 2 ** (64 - INO_BITS)

export class FileNumbers {
  /** Numbers of the share's file systems. The first is 0: a share that has only one shows the inode numbers as they are. */
  readonly #numbers = new Map<number, number>()

  write(writer: FieldWriter, dev: number, ino: number): void {
    writer.uint32(ino % TWO_32)
    writer.uint32(Math.floor(ino / TWO_32) + this.#numberOf(dev) * 2 ** FS_SHIFT)
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
