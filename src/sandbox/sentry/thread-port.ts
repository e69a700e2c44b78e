// ThreadPort: the sentry's end in a worker thread: messages, a bell that wakes it while a guest runs, and two shared words.

import {type MessagePort, receiveMessageOnPort} from 'node:worker_threads'
import {addon} from '../../addon.ts'
import {type Connection, type Reply, STOP_EVERYTHING} from '../protocol/messages.ts'
import type {Receive, SentryPort} from './port.ts'

/** How often a waiting thread checks whether to stop. */
const LOOK_MS = 100

export class ThreadPort implements SentryPort {
  readonly needsPulse = true
  readonly fd: number
  readonly #port: MessagePort
  readonly #stopWords: Int32Array
  readonly #underWay: Int32Array
  #receive: Receive | undefined

  constructor(port: MessagePort, {bellFd, stopWords, underWay}: Connection) {
    this.fd = bellFd
    this.#port = port
    this.#stopWords = new Int32Array(stopWords)
    this.#underWay = new Int32Array(underWay)
  }

  get underWay(): number {
    return Atomics.load(this.#underWay, 0)
  }

  post(reply: Reply): void {
    if (reply.kind === 'events') Atomics.add(this.#underWay, 0, 1)
    this.#port.postMessage(reply, buffersOf(reply))
  }

  serve(receive: Receive): void {
    this.#receive = receive
    this.#port.on('message', receive)
  }

  listen(): void {
    // Before receiving: later messages ring again.
    addon.silenceBell(this.fd)
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port))
      void this.#receive?.(next.message)
  }

  shallStop(run = STOP_EVERYTHING): boolean {
    const words = this.#stopWords
    for (let index = 0; index < words.length; index++) {
      const word = Atomics.load(words, index)
      if (word === run || word === STOP_EVERYTHING) return true
    }
    return false
  }

  awaitTaking(): void {
    Atomics.wait(this.#underWay, 0, this.underWay, LOOK_MS)
  }

  close(): void {
    this.#port.close()
  }
}

/** Transferred rather than copied. */
function buffersOf(reply: Reply): ArrayBuffer[] {
  if (reply.kind === 'output' || reply.kind === 'filed' || reply.kind === 'data') return [reply.bytes.buffer]
  return reply.kind === 'finished' ? [reply.finished.stdout.buffer, reply.finished.stderr.buffer] : []
}
