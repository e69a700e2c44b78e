// NameStreams: DNS by TCP, at the name server's address: questions and answers, each behind its length: RFC 1035, 4.2.2; RFC 7766.

import {EAGAIN, Errno} from '../../../abi/errno.ts'
import type {Waiter} from '../../../vfs/wait-queue.ts'
import {type DnsQuestion, parseQuestion} from './dns-message.ts'
import type {TcpSocket} from './tcp/tcp-socket.ts'

/** The longest question that is read, and the longest answer. */
const MOST_QUESTION_BYTES = 1232
export const MOST_STREAM_BYTES = 65_535
const LENGTH_BYTES = 2
/** Connections at a time; others wait in the backlog, of which there are as many. */
const MOST_STREAMS = 64

/** Who is told the answer to a question. */
export interface NameAsker {
  /** Of an answer. */
  readonly mostBytes?: number
  reply(answer: Uint8Array): void
}

/** @param asker told once, maybe before this returns */
export type AskName = (question: DnsQuestion, asker: NameAsker) => void

/** Accepts connections. It is never closed. */
export class NameStreams implements Waiter {
  readonly #listener: TcpSocket
  readonly #ask: AskName
  readonly #streams = new Set<NameStream>()
  #isBusy = false

  /** @param listener new, bound */
  constructor(listener: TcpSocket, ask: AskName) {
    this.#listener = listener
    this.#ask = ask
    listener.isService = true
    listener.state = 'listening'
    listener.maxBacklog = MOST_STREAMS
    listener.waiters.join(this)
  }

  wake(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    while (this.#streams.size < MOST_STREAMS) {
      const socket = this.#listener.accept()
      if (socket === undefined) break
      const stream = new NameStream(socket, this.#ask, () => this.#ended(stream))
      this.#streams.add(stream)
      stream.wake()
    }
    this.#isBusy = false
  }

  #ended(stream: NameStream): void {
    this.#streams.delete(stream)
    this.wake()
  }
}

/** One connection: a question at a time, each answered before the next is read. */
class NameStream implements Waiter, NameAsker {
  readonly mostBytes = MOST_STREAM_BYTES
  readonly #socket: TcpSocket
  readonly #ask: AskName
  readonly #onEnd: () => void
  /** A length, and as much of the question as has come. */
  readonly #received = new Uint8Array(LENGTH_BYTES + MOST_QUESTION_BYTES)
  #count = 0
  /** Of the answer: what the socket had no room for. */
  #unsent: Uint8Array | undefined
  #isAsking = false
  #isBusy = false
  #isOver = false

  constructor(socket: TcpSocket, ask: AskName, onEnd: () => void) {
    this.#socket = socket
    this.#ask = ask
    this.#onEnd = onEnd
    socket.waiters.join(this)
  }

  wake(): void {
    if (this.#isBusy || this.#isOver) return
    this.#isBusy = true
    try {
      while (!this.#isOver && this.#step());
    } catch (error) {
      if (!(error instanceof Errno)) throw error
      if (error.code !== EAGAIN) this.#end()
    } finally {
      this.#isBusy = false
    }
  }

  reply(answer: Uint8Array): void {
    this.#isAsking = false
    if (this.#isOver) return
    this.#unsent = Buffer.concat([Uint8Array.of(answer.length >> 8, answer.length & 255), answer])
    this.wake()
  }

  /** @returns whether there may be more to do @throws Errno EAGAIN, ECONNRESET … */
  #step(): boolean {
    if (this.#isAsking) return false
    if (this.#unsent !== undefined) {
      const count = this.#socket.write(this.#unsent)
      this.#unsent = count < this.#unsent.length ? this.#unsent.subarray(count) : undefined
      return true
    }
    return this.#read()
  }

  #read(): boolean {
    const received = this.#received
    const length = (received[0] << 8) | received[1]
    const isKnown = this.#count >= LENGTH_BYTES
    if (isKnown && length > MOST_QUESTION_BYTES) {
      this.#end()
      return false
    }
    const wanted = isKnown ? LENGTH_BYTES + length : LENGTH_BYTES
    if (!isKnown || this.#count < wanted) {
      const count = this.#socket.read(received.subarray(this.#count, wanted), 0)
      this.#count += count
      if (count === 0) this.#end()
      return count > 0
    }
    this.#count = 0
    const question = parseQuestion(received.slice(LENGTH_BYTES, wanted))
    if (question === undefined) this.#end()
    else {
      this.#isAsking = true
      this.#ask(question, this)
    }
    return true
  }

  #end(): void {
    this.#isOver = true
    this.#socket.waiters.leave(this)
    this.#socket.close()
    this.#onEnd()
  }
}
