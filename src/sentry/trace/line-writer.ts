// LineWriter: writes lines to a host descriptor, in few writes, and loses none when the process ends.

import {writeSync} from 'node:fs'

const STDERR = 2
/** Written when this many characters have accumulated. */
const BUFFER_LENGTH = 1 << 16
const RETRY_MS = 1

/** A standard stream is shared with the guest: every line is written to it at once, to keep its order with the guest's output. */
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

  /** Writes what there is. A descriptor that fails gets nothing more; stderr reports that, once. */
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

  /** Flushes; it no longer acts at the end of the process. */
  end(): void {
    this.flush()
    process.off('exit', this.#flushAtExit)
  }
}

/** Waits while a pipe whose reader made it non-blocking is full. */
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
