// TextBlocks: a long /proc text, line by line. V8 would keep each piece of one long string until it is done.

import {ENOMEM, Errno} from '../../abi/errno.ts'

const BLOCK_LENGTH = 1 << 16

export class TextBlocks {
  readonly #maxLength: number
  readonly #blocks: Buffer[] = []
  #last = ''
  #length = 0

  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /** @param text a byte string. @throws Errno ENOMEM */
  add(text: string): void {
    this.#last += text
    if (this.#last.length < BLOCK_LENGTH) return
    this.#length += this.#last.length
    if (this.#length > this.#maxLength) throw new Errno(ENOMEM)
    this.#blocks.push(Buffer.from(this.#last, 'latin1'))
    this.#last = ''
  }

  /** A byte string with all that was added. */
  join(): string {
    return Buffer.concat(this.#blocks).toString('latin1') + this.#last
  }
}
