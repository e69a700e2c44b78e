// ConsoleKeys: passes what is typed at a terminal to a machine's console; ^A and then x ends the machine, as with QEMU.

import {Transform, type TransformCallback} from 'node:stream'

const ESCAPE = 0x01
const QUIT = 'x'.charCodeAt(0)

export class ConsoleKeys extends Transform {
  readonly #onQuit: () => void
  #isEscaped = false

  constructor(onQuit: () => void) {
    super()
    this.#onQuit = onQuit
  }

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    const typed = [...chunk].filter((byte) => this.#isForMachine(byte))
    done(null, Uint8Array.from(typed))
  }

  /** ^A twice is one ^A; ^A before any other key is dropped. */
  #isForMachine(byte: number): boolean {
    if (!this.#isEscaped) {
      this.#isEscaped = byte === ESCAPE
      return !this.#isEscaped
    }
    this.#isEscaped = false
    if (byte === QUIT) this.#onQuit()
    return byte !== QUIT
  }
}
