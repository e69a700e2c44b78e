// FrameArguments: reads a call's argument words from the trap frame in the ways that handlers need.

import {signedWord, unsignedWord} from '../../abi/word.ts'
import type {Arguments} from './syscall.ts'

export class FrameArguments implements Arguments {
  readonly #words: Int32Array

  /** @param words pairs of 32-bit halves, the low one first: Context.argumentWords */
  constructor(words: Int32Array) {
    this.#words = words
  }

  address(index: number): number {
    return unsignedWord(this.#words[2 * index], this.#words[2 * index + 1])
  }

  int32(index: number): number {
    return this.#words[2 * index]
  }

  uint32(index: number): number {
    return this.#words[2 * index] >>> 0
  }

  int64(index: number): number {
    return signedWord(this.#words[2 * index], this.#words[2 * index + 1])
  }

  raw(index: number): bigint {
    return (BigInt(this.#words[2 * index + 1] >>> 0) << 32n) | BigInt(this.#words[2 * index] >>> 0)
  }
}
