// MemoryStore: a disk in memory.

import {setImmediate as nextTurn} from 'node:timers/promises'
import type {BlockStore} from '../../src/machine/devices/block-store.ts'

const PIECE_BYTES = 1 << 18

/** Takes a turn of the event loop for each access: a guest that asks without end must not hold it up. */
export class MemoryStore implements BlockStore {
  readonly isReadOnly: boolean
  readonly #content: Uint8Array

  /** @param content changed in place */
  constructor(content: Uint8Array, isReadOnly = false) {
    this.#content = content
    this.isReadOnly = isReadOnly
  }

  get bytes(): number {
    return this.#content.length
  }

  async read(bytes: Uint8Array, offset: number): Promise<void> {
    await nextTurn()
    bytes.set(this.#content.subarray(offset, offset + bytes.length))
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    await nextTurn()
    this.#content.set(bytes, offset)
  }

  async flush(): Promise<void> {}

  async discard(offset: number, length: number): Promise<boolean> {
    for (let at = offset; at < offset + length; at += PIECE_BYTES) {
      await nextTurn()
      this.#content.fill(0, at, Math.min(at + PIECE_BYTES, offset + length))
    }
    return true
  }
}
