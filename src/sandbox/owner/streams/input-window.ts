// InputWindow: what an owner writes to a live run's standard input, or to a connection; at most one window of it is under way.

import {WINDOW_BYTES} from '../../protocol/messages.ts'

export class InputWindow {
  readonly #send: (bytes: Uint8Array<ArrayBuffer>, isEnd: boolean) => void
  readonly #windowBytes: number
  #room = 0
  #waiting: {chunk: Uint8Array; done: () => void} | undefined
  #onEnd: (() => void) | undefined
  #hasBegun = false
  #isFinished = false

  constructor(send: (bytes: Uint8Array<ArrayBuffer>, isEnd: boolean) => void, windowBytes = WINDOW_BYTES) {
    this.#send = send
    this.#windowBytes = windowBytes
  }

  /** Until then, what is written waits. */
  begin(): void {
    this.#hasBegun = true
    this.took(this.#windowBytes)
    if (this.#onEnd !== undefined) this.#sayEnd()
  }

  took(bytes: number): void {
    this.#room = Math.min(this.#room + bytes, this.#windowBytes)
    this.#pump()
  }

  write(chunk: Uint8Array, done: () => void): void {
    if (this.#isFinished) done()
    else this.#waiting = {chunk, done}
    this.#pump()
  }

  end(done: () => void): void {
    this.#onEnd = done
    if (this.#isFinished || this.#hasBegun) this.#sayEnd()
  }

  finish(): void {
    this.#isFinished = true
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.done()
    this.#onEnd?.()
    this.#onEnd = undefined
  }

  #sayEnd(): void {
    const done = this.#onEnd
    this.#onEnd = undefined
    this.#send(new Uint8Array(0), true)
    done?.()
  }

  #pump(): void {
    if (this.#waiting === undefined || this.#room === 0) return
    const {chunk, done} = this.#waiting
    const bytes = new Uint8Array(chunk.subarray(0, this.#room))
    this.#room -= bytes.length
    this.#send(bytes, false)
    if (bytes.length < chunk.length) this.#waiting = {chunk: chunk.subarray(bytes.length), done}
    else {
      this.#waiting = undefined
      done()
    }
  }
}
