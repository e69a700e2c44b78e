// LineWriter: lines to a host descriptor, in few writes, and none lost when the process ends.

import {writeSync} from 'node:fs'

const STDERR = 2
/** Written when this many characters have come together. */
const BUFFER_LENGTH = 1 << 16
const RETRY_MS = 1

/** A standard stream is shared with the guest: there every line is written at once, to stand in order with its output. */
export class LineWriter {
  readonly #fd: number
  readonly #isShared: boolean
  #text = ''
  #isBroken = false
  readonly #flushAtExit = (): void => this.flush()

  /** @param fd stays the caller's */
  constructor(fd: number) {
    this.#fd = fd
    this.#isShared = fd <= STDERR
    process.once('exit', this.#flushAtExit)
  }

  write(text: string): void {
    this.#text += text
    if (this.#isShared || this.#text.length >= BUFFER_LENGTH) this.flush()
  }

  /** Writes what there is. A descriptor that fails gets nothing more; on stderr it says so, once. */
  flush(): void {
    if (this.#text === '') return
    const bytes = Buffer.from(this.#text, 'latin1')
    this.#text = ''
    if (this.#isBroken) return
    try {
      writeAll(this.#fd, bytes)
    } catch (error) {
      this.#isBroken = true
      const {code} = error as NodeJS.ErrnoException
      if (this.#fd !== STDERR && code !== 'EPIPE')
        writeAll(STDERR, Buffer.from(`hv: the trace ends here: ${code}\n`))
    }
  }

  /** Flushes; the process's end is no longer waited for. */
  end(): void {
    this.flush()
    process.off('exit', this.#flushAtExit)
  }
}

/** Waits for a full pipe whose reader made it non-blocking. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(fd, bytes, done)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
    }
  }
}
