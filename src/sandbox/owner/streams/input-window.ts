// InputWindow: what an owner writes to a live run's standard input; at most one window of it is under way.

import {WINDOW_BYTES} from '../../protocol/messages.ts'
import type {LiveMessage} from './live-run.ts'

export class InputWindow {
  readonly #send: (message: LiveMessage) => void
  #room = 0
  #waiting: {chunk: Uint8Array; done: () => void} | undefined
  #onEnd: (() => void) | undefined
  #hasBegun = false
  #isFinished = false

  constructor(send: (message: LiveMessage) => void) {
    this.#send = send
  }

  /** Until then, what is written waits. */
  begin(): void {
    this.#hasBegun = true
    this.took(WINDOW_BYTES)
    if (this.#onEnd !== undefined) this.#sayEnd()
  }

  took(bytes: number): void {
    this.#room = Math.min(this.#room + bytes, WINDOW_BYTES)
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
    this.#send({kind: 'input', bytes: new Uint8Array(0), isEnd: true})
    done?.()
  }

  #pump(): void {
    if (this.#waiting === undefined || this.#room === 0) return
    const {chunk, done} = this.#waiting
    const bytes = new Uint8Array(chunk.subarray(0, this.#room))
    this.#room -= bytes.length
    this.#send({kind: 'input', bytes, isEnd: false})
    if (bytes.length < chunk.length) this.#waiting = {chunk: chunk.subarray(bytes.length), done}
    else {
      this.#waiting = undefined
      done()
    }
  }
}
