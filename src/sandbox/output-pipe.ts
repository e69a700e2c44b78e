// OutputPipe: what a live run in a process writes to one of its outputs: a pipe, which costs less than messages on the socket.

import {Socket} from 'node:net'
import {addon} from '../addon.ts'
import {WINDOW_BYTES} from './protocol.ts'
import {isBun} from './runtime.ts'

/** The pipe has a window at most, and a read may have gone beyond the one before. A process whose program has ended writes no more. */
const MOST_AT_END = 2 * WINDOW_BYTES
const END_MS = 10_000

type Take = (fd: 1 | 2, bytes: Uint8Array<ArrayBuffer>) => void

export class OutputPipe {
  /** The process's end, until it is passed. */
  readonly writer: number
  readonly #socket: Socket
  #room = WINDOW_BYTES
  #isClosed = false
  #onClosed: (() => void) | undefined
  #onTooMuch: (() => void) | undefined

  /** @returns undefined: there are no descriptors left; or this is Bun, whose sockets read no pipe that they are given (1.4) */
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
    const [reader, writer] = addon.pipePair()
    this.writer = writer
    this.#socket = new Socket({fd: reader, readable: true, writable: false})
    // The process alone keeps this one alive.
    this.#socket.unref()
    this.#socket.on('data', (bytes: Buffer<ArrayBuffer>) => {
      take(bytes)
      this.#room -= bytes.length
      if (this.#room > 0) return
      this.#socket.pause()
      this.#onTooMuch?.()
    })
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

  /** The process has the writer now, or never will. */
  passed(): void {
    addon.hostClose(this.writer)
  }

  /** So much was taken. */
  addRoom(bytes: number): void {
    this.#room += bytes
    if (this.#room > 0) this.#socket.resume()
  }

  /** Nobody reads it any more: who writes gets EPIPE. */
  shut(): void {
    this.#socket.destroy()
  }

  /** What is left in it, beyond the window. @returns false: that does not end */
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
