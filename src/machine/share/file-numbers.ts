// FileNumbers: the 64 bits by which a machine tells the files of a share apart.

import type {FieldWriter} from './field-writer.ts'

const TWO_32 = 2 ** 32
/** Of a file's number; above it in the 64 bits is the number of its file system. */
const INO_BITS = 53
const FS_SHIFT = INO_BITS - 32
/** File systems that are told apart; those after them share numbers. */
const MAX_FS = 2 ** (64 - INO_BITS)

export class FileNumbers {
  /** What the file systems of one share are numbered by. The first is 0: a share that has one shows the inode numbers as they are. */
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
