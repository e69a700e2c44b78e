// ThreadTransport: a sentry in a worker thread of this process.

import {Worker} from 'node:worker_threads'
import {addon} from '../../addon.ts'
import {HvError} from '../../errors.ts'
import {packageFile} from '../../package-file.ts'
import {failure} from '../protocol/frames.ts'
import {
  type Connection,
  MOST_PROGRAMS,
  type Reply,
  type Request,
  type SentrySettings,
  STOP_EVERYTHING,
} from '../protocol/messages.ts'
import {HEAP_MB, runtimeEnvironment} from '../protocol/runtime.ts'
import type {Transport, TransportEvents} from './transport.ts'

export class ThreadTransport implements Transport {
  isAlive = true
  readonly #worker: Worker
  readonly #bellFd = addon.createBell()
  readonly #stopWords: Int32Array
  readonly #underWay: Int32Array
  /** Runs that have not ended. */
  #runs = 0

  constructor(settings: SentrySettings, {received, failed, exited}: TransportEvents) {
    const stopWords = new SharedArrayBuffer(MOST_PROGRAMS * Int32Array.BYTES_PER_ELEMENT)
    this.#stopWords = new Int32Array(stopWords)
    const underWay = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
    this.#underWay = new Int32Array(underWay)
    const connection: Connection = {bellFd: this.#bellFd, stopWords, underWay}
    try {
      this.#worker = new Worker(packageFile('dist/worker.cjs'), {
        workerData: {settings, connection},
        // The caller's flags are for its own code: a worker rejects some of them.
        execArgv: [],
        env: runtimeEnvironment(),
        resourceLimits: {maxOldGenerationSizeMb: HEAP_MB},
      })
    } catch (error) {
      addon.closeBell(this.#bellFd)
      throw notStarted(error as Error)
    }
    this.#worker.on('message', (reply: Reply) => {
      if ((reply.kind === 'finished' || reply.kind === 'failed') && reply.run !== undefined)
        this.#ended(reply.run)
      received(reply)
    })
    this.#worker.on('error', (error: Error) => failed(failure(error.stack ?? error.message, error)))
    this.#worker.once('exit', (code) => {
      this.isAlive = false
      failed(failure(`its thread has ended with ${code}`))
      exited()
      addon.closeBell(this.#bellFd)
    })
  }

  send(request: Request): void {
    this.#worker.postMessage(request)
    // The first run finds nobody to interrupt, and would be interrupted itself.
    if (request.kind !== 'run' || this.#runs++ > 0) addon.ringBell(this.#bellFd)
  }

  tellToStop(run: number): void {
    const free = this.#stopWords.indexOf(0)
    // If all words are taken, all runs are stopping already.
    Atomics.store(this.#stopWords, Math.max(free, 0), run)
    // The thread may be waiting for the listener of its trace.
    Atomics.notify(this.#underWay, 0)
    addon.ringBell(this.#bellFd)
  }

  took(): void {
    Atomics.sub(this.#underWay, 0, 1)
    Atomics.notify(this.#underWay, 0)
  }

  /** Nobody knows which of this process's threads it is. */
  waitedMs(): number {
    return 0
  }

  ref(): void {
    this.#worker.ref()
  }

  unref(): void {
    this.#worker.unref()
  }

  /** JavaScript of any thread can be ended. */
  kill(): void {
    void this.#worker.terminate()
  }

  #ended(run: number): void {
    this.#runs--
    const word = this.#stopWords.indexOf(run)
    if (word >= 0) Atomics.store(this.#stopWords, word, 0)
  }

  /** Node waits for its threads when the process exits; a thread whose guest runs would never return. */
  leave(): void {
    this.tellToStop(STOP_EVERYTHING)
  }
}

/** Node's permission model may forbid it. */
function notStarted(error: Error): HvError {
  return new HvError('HOST_SYSCALL', `no thread for the sandbox: ${error.message}`, '', {cause: error})
}
