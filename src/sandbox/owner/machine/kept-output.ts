// KeptOutput: the output of a program in a machine that is run to its end: as much as its owner wants to keep.

import {Writable} from 'node:stream'
import {KeptBytes} from '../streams/kept-bytes.ts'

export class KeptOutput extends Writable {
  readonly #kept = new KeptBytes()
  #room: number
  isTruncated = false

  constructor(mostBytes: number) {
    super()
    this.#room = mostBytes
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    const bytes = new Uint8Array(chunk.subarray(0, this.#room))
    this.#room -= bytes.length
    if (bytes.length > 0) this.#kept.append(bytes)
    if (bytes.length < chunk.length) this.isTruncated = true
    done()
  }

  take(): Promise<Uint8Array> {
    return this.#kept.take()
  }
}
