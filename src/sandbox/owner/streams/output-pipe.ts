// OutputPipe: one output of a live run in a process, as a stream of bytes, which costs less than messages.

import {Socket} from 'node:net'
import {addon} from '../../../addon.ts'
import {WINDOW_BYTES} from '../../protocol/messages.ts'
import {isBun} from '../../protocol/runtime.ts'

/** At most a window is under way, and one read may have overrun the window before. A process whose program has ended writes no more. */
const MOST_AT_END = 2 * WINDOW_BYTES
const END_MS = 10_000
const READ_BYTES = 1 << 16
/** Less is copied: it would keep a whole buffer alive. */
const KEPT_BYTES = READ_BYTES / 2

type Take = (fd: 1 | 2, bytes: Uint8Array<ArrayBuffer>) => void

export class OutputPipe {
  /** The process's end, until it is passed on. */
  readonly writer: number
  readonly #socket: Socket
  #room = WINDOW_BYTES
  #isClosed = false
  #onClosed: (() => void) | undefined
  #onTooMuch: (() => void) | undefined

  /** @returns undefined: there are no descriptors left; or this is Bun, whose sockets cannot read a pipe given to them (1.4) */
  static open(take: Take): Record<1 | 2, OutputPipe> | undefined {
    if (isBun) return undefined
    const made: OutputPipe[] = []
    try {
      made.push(new OutputPipe((bytes) => take(1, bytes)))
      made.push(new OutputPipe((bytes) => take(2, bytes)))
      return {1: made[0], 2: made[1]}
    } catch {
      for (const pipe of made) pipe.#abandon()
      return undefined
    }
  }

  private constructor(take: (bytes: Uint8Array<ArrayBuffer>) => void) {
    const [reader, writer] = addon.outputPair()
    this.writer = writer
    let buffer = Buffer.allocUnsafeSlow(READ_BYTES)
    // Bypasses the socket's own stream: data is passed on as it was read.
    const onread = {
      buffer: () => buffer,
      callback: (length: number): boolean => {
        if (length < KEPT_BYTES) take(new Uint8Array(buffer.subarray(0, length)))
        else {
          take(new Uint8Array(buffer.buffer, 0, length))
          buffer = Buffer.allocUnsafeSlow(READ_BYTES)
        }
        this.#room -= length
        if (this.#room <= 0) this.#onTooMuch?.()
        return this.#room > 0
      },
    }
    const options = {fd: reader, readable: true, writable: false, onread}
    this.#socket = new Socket(options)
    // This process stays alive for the sentry's process alone.
    this.#socket.unref()
    this.#socket.on('error', () => {})
    this.#socket.once('close', () => {
      this.#isClosed = true
      this.#onClosed?.()
    })
  }

  #abandon(): void {
    this.passed()
    this.shut()
  }

  /** The process has the writer now, or will never have it. */
  passed(): void {
    addon.hostClose(this.writer)
  }

  /** These bytes were taken. */
  addRoom(bytes: number): void {
    this.#room += bytes
    if (this.#room > 0) this.#socket.resume()
  }

  /** Nobody reads it any longer: writers get EPIPE. */
  shut(): void {
    this.#socket.destroy()
  }

  /** Takes what is left in it, beyond the window. @returns false: it does not end */
  async drain(): Promise<boolean> {
    if (this.#isClosed || this.#socket.destroyed) return true
    this.addRoom(MOST_AT_END)
    let timer: ReturnType<typeof setTimeout> | undefined
    const hasEnded = await new Promise<boolean>((resolve) => {
      this.#onClosed = () => resolve(true)
      this.#onTooMuch = () => resolve(false)
      timer = setTimeout(() => resolve(false), END_MS)
    })
    clearTimeout(timer)
    return hasEnded
  }
}
