// InputFeed: feeds a run's standard input from a caller's stream as the program takes it; a stream that fails ends the run.

import {badArgument} from '../../../errors.ts'
import {isBytes} from '../../../options.ts'
import type {StopSignal} from '../../../stop-signal.ts'
import {GrowingBytes} from '../../protocol/growing-bytes.ts'
import {InputWindow} from './input-window.ts'
import type {LiveMessage, LiveRun} from './live-run.ts'

export type InputSource = AsyncIterable<string | Uint8Array>

/** Many sources give small pieces: a message for each would cost more than the piece itself. */
const BATCH_BYTES = 32 << 10

export class InputFeed implements LiveRun {
  readonly #source: InputSource
  readonly #window = new InputWindow((bytes, isEnd) => this.#send?.({kind: 'input', bytes, isEnd}))
  readonly #controller = new AbortController()
  readonly #caller: StopSignal | undefined
  #iterator: AsyncIterator<string | Uint8Array> | undefined
  #send: ((message: LiveMessage) => void) | undefined
  #failure: {error: unknown} | undefined
  readonly #held = new GrowingBytes()
  /** A flush is under way, or will be in the next turn. */
  #isFlushing = false
  #onFlushed: (() => void) | undefined
  #isEnding = false
  #isOver = false
  readonly #abort = (): void => this.#controller.abort(this.#caller?.reason)

  /**
   * Asks for the first piece at once, so that a stream that fails before the run begins finds a listener.
   * @param caller the signal that the run was given
   */
  constructor(source: InputSource, caller: StopSignal | undefined) {
    this.#source = source
    this.#caller = caller
    if (caller?.aborted) this.#abort()
    caller?.addEventListener('abort', this.#abort, {once: true})
    void this.#pump()
  }

  /** Aborts with the caller's signal, and when the source fails. */
  get signal(): StopSignal {
    return this.#controller.signal
  }

  began(send: (message: LiveMessage) => void): void {
    this.#send = send
    this.#window.begin()
  }

  received(reply: Parameters<LiveRun['received']>[0]): void {
    if (reply.kind === 'took') this.#window.took(reply.bytes)
  }

  /** @throws what the source threw */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** The run has ended, or never began: a source that has more is closed, as when a loop over it breaks. */
  finish(): void {
    if (!this.#isOver) void this.#close()
    this.#isOver = true
    this.#send = undefined
    this.#caller?.removeEventListener('abort', this.#abort)
    this.#window.finish()
    this.#onFlushed?.()
  }

  async #pump(): Promise<void> {
    try {
      this.#iterator = this.#source[Symbol.asyncIterator]()
      for (;;) {
        const {done, value} = await this.#iterator.next()
        if (done === true || this.#isOver) break
        this.#held.append(bytesOf(value))
        this.#flushSoon()
        if (this.#held.length >= BATCH_BYTES) await this.#flushed()
      }
      this.#iterator = undefined
      this.#isEnding = true
      this.#flushSoon()
    } catch (error) {
      this.#iterator = undefined
      if (this.#isOver) return
      this.#failure = {error}
      this.#controller.abort(error)
    }
  }

  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#isFlushing = false
    if (this.#held.length === 0) {
      if (this.#isEnding) this.#window.end(() => {})
      return
    }
    this.#isFlushing = true
    const bytes = this.#held.take()
    this.#onFlushed?.()
    this.#window.write(bytes, () => setImmediate(() => this.#flush()))
  }

  #flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.#onFlushed = resolve
    })
  }

  /** A Readable's iterator closes it only once its next piece is there, which may be never. */
  async #close(): Promise<void> {
    const iterator = this.#iterator
    if (iterator === undefined) return
    const {destroy} = this.#source as {destroy?: unknown}
    try {
      if (typeof destroy === 'function') destroy.call(this.#source)
      await iterator.return?.()
    } catch {
      // Nobody waits for it any longer.
    }
  }
}

/** @throws HvError BAD_ARGUMENT */
function bytesOf(piece: unknown): Uint8Array {
  if (typeof piece === 'string') return new TextEncoder().encode(piece)
  if (isBytes(piece)) return piece
  const kind = piece === null ? 'null' : Array.isArray(piece) ? 'an array' : typeof piece
  throw badArgument(`stdin gives strings and Uint8Arrays, not ${kind}`)
}
