// SentryThread: the caller's end of a sandbox's worker thread: one exchange at a time, the bell, and the thread's death.

import {Worker} from 'node:worker_threads'
import {addon} from '../addon.ts'
import {HvError} from '../errors.ts'
import {packageFile} from '../package-file.ts'
import type {ChosenPlatform} from '../platform/choice.ts'
import type {Question} from '../sentry/hooked-calls.ts'
import type {TraceEvent} from '../sentry/trace/event.ts'
import type {StopSignal} from '../stop-signal.ts'
import {askHandler} from './ask-handler.ts'
import type {SyscallHandlers} from './on-syscall.ts'
import {Patience} from './patience.ts'
import {
  type Finished,
  fromWire,
  type Reply,
  type Request,
  type RunRequest,
  STOP_EVERYTHING,
  type TraceRequest,
  type WireError,
  type WorkerSettings,
} from './protocol.ts'

/** Bound for what a guest can make its sentry remember; the guest's memory and output are not in it. */
const HEAP_MB = 512

/** What the thread's settings are without what connects the two. */
type OwnSettings = Omit<WorkerSettings, 'hooked' | 'bellFd' | 'stopWord' | 'underWay'>

/** A request of the trace that is not answered yet; `listener` gets what comes after the answer. */
interface TraceExchange {
  listener: TraceListener | undefined
  resolve: () => void
  reject: (error: unknown) => void
}

interface Exchange {
  resolve: (finished: Finished | undefined) => void
  reject: (error: unknown) => void
}

export type TraceListener = (event: TraceEvent) => void

const living = new Set<SentryThread>()

export class SentryThread {
  readonly #worker: Worker
  readonly #bellFd: number
  readonly #stopWord: Int32Array
  readonly #exited: Promise<void>
  /** With a thread that was told to stop its guest, or whose guest's time is up. */
  readonly #patience = new Patience(() => this.#giveUp())
  /** Once it has started. */
  platform!: ChosenPlatform
  readonly #underWay: Int32Array
  #exchange: Exchange | undefined
  readonly #traceExchanges: TraceExchange[] = []
  #listener: TraceListener | undefined
  readonly #handlers: SyscallHandlers
  /** What a handler threw in this run. */
  #thrown: {error: unknown} | undefined
  #runs = 0
  /** Why it cannot be used any more. */
  #end: HvError | undefined

  private constructor(settings: OwnSettings, handlers: SyscallHandlers) {
    this.#handlers = handlers
    const stopWord = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
    this.#stopWord = new Int32Array(stopWord)
    const underWay = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
    this.#underWay = new Int32Array(underWay)
    this.#bellFd = addon.createBell()
    const hooked = Object.keys(handlers)
    const workerData: WorkerSettings = {...settings, hooked, bellFd: this.#bellFd, stopWord, underWay}
    try {
      this.#worker = new Worker(packageFile('dist/worker.cjs'), {
        workerData,
        // The caller's flags are for its own code: some do not go with a worker.
        execArgv: [],
        env: {},
        resourceLimits: {maxOldGenerationSizeMb: HEAP_MB},
      })
    } catch (error) {
      addon.closeBell(this.#bellFd)
      throw error
    }
    this.#worker.on('message', (reply: Reply) => this.#receive(reply))
    this.#worker.on('error', (error: Error) => this.#fail(failure(error.stack ?? error.message, error)))
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#patience.end()
        this.#fail(failure(`its thread has ended with ${code}`))
        remove(this)
        addon.closeBell(this.#bellFd)
        resolve()
      })
    })
    add(this)
  }

  /** @throws HvError as Sandbox.create does */
  static async start(settings: OwnSettings, handlers: SyscallHandlers): Promise<SentryThread> {
    const thread = new SentryThread(settings, handlers)
    try {
      await thread.#converse()
    } catch (error) {
      await thread.stop()
      throw error
    }
    return thread
  }

  /**
   * Precondition: no run is under way. When the signal aborts, the guest is killed, and this is what it did until then.
   * @throws HvError, or what a handler of calls throws
   */
  async run(request: RunRequest, signal: StopSignal | undefined): Promise<Finished> {
    const id = ++this.#runs
    this.#thrown = undefined
    const abort = () => this.#tellToStop(id)
    signal?.addEventListener('abort', abort, {once: true})
    try {
      if (request.timeoutMs !== undefined) this.#patience.begin(request.timeoutMs)
      const finished = await this.#converse({...request, id})
      if (this.#thrown !== undefined && !signal?.aborted) throw (this.#thrown as {error: unknown}).error
      return finished!
    } finally {
      signal?.removeEventListener('abort', abort)
      if (!this.#shallEnd()) this.#patience.end()
    }
  }

  /**
   * Switches the trace on, or off without a listener. Resolves when it is done, and all events of before are delivered.
   * @throws HvError
   */
  trace(listener: TraceListener | undefined, options: TraceRequest['options']): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => {
      this.#traceExchanges.push({listener, resolve, reject})
      this.#worker.ref()
      this.#worker.postMessage({kind: 'trace', options} satisfies Request)
      addon.ringBell(this.#bellFd)
    })
  }

  /** Stops the guest and ends the thread; resolves when everything is freed. */
  async stop(): Promise<void> {
    this.#end ??= new HvError('DISPOSED', 'the sandbox is disposed')
    this.tellToStopEverything()
    this.#worker.ref()
    this.#worker.postMessage({kind: 'dispose'} satisfies Request)
    await this.#exited
  }

  tellToStopEverything(): void {
    this.#tellToStop(STOP_EVERYTHING)
  }

  #tellToStop(what: number): void {
    // The thread has ended: the bell's descriptor may be something else's by now.
    if (!living.has(this)) return
    // Nothing takes STOP_EVERYTHING back.
    if (!this.#shallEnd()) Atomics.store(this.#stopWord, 0, what)
    // It may wait for the listener of its trace.
    Atomics.notify(this.#underWay, 0)
    addon.ringBell(this.#bellFd)
    this.#patience.begin()
  }

  #shallEnd(): boolean {
    return Atomics.load(this.#stopWord, 0) === STOP_EVERYTHING
  }

  /** It is stuck in a call of its guest's, or what it has to free: JavaScript of any thread can be ended. */
  #giveUp(): void {
    this.#fail(failure('it did not stop its guest in time'))
    void this.#worker.terminate()
  }

  /** Sends a request, if any, and waits for the reply. The process stays alive meanwhile. */
  #converse(request?: RunRequest): Promise<Finished | undefined> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => {
      this.#exchange = {resolve, reject}
      this.#worker.ref()
      if (request !== undefined) this.#worker.postMessage(request)
    })
  }

  #receive(reply: Reply): void {
    this.#patience.renew()
    if (reply.kind === 'events') {
      this.#deliver(reply.events)
    } else if (reply.kind === 'asks') {
      this.#ask(reply.run, reply.question)
    } else if (reply.kind === 'traced') {
      this.#traced(reply.error)
    } else if (reply.kind === 'failed') {
      const error = fromWire(reply.error)
      // The sentry stopped in the middle of something.
      if (error.code === 'SANDBOX_FAILED' || error.code === 'VCPU_FAILED') this.#end ??= error
      this.#take()?.reject(this.#end ?? error)
    } else if (this.#end !== undefined) {
      this.#take()?.reject(this.#end)
    } else if (reply.kind === 'ready') {
      this.platform = reply.platform
      this.#take()?.resolve(undefined)
    } else {
      this.#take()?.resolve(reply.finished)
    }
  }

  #fail(error: HvError): void {
    this.#end ??= error
    this.#take()?.reject(this.#end)
    for (const exchange of this.#traceExchanges.splice(0)) exchange.reject(this.#end)
  }

  /** What the listener throws goes to this process, as from any event; the guest goes on. */
  #deliver(events: TraceEvent[]): void {
    try {
      if (this.#listener !== undefined) for (const event of events) this.#listener(event)
    } finally {
      Atomics.sub(this.#underWay, 0, 1)
      Atomics.notify(this.#underWay, 0)
    }
  }

  /** The guest's call waits meanwhile. What the handler throws ends the run, if that has not ended yet. */
  async #ask(run: number, question: Question): Promise<void> {
    try {
      const verdict = await askHandler(this.#handlers, question)
      if (!living.has(this)) return
      this.#worker.postMessage({kind: 'verdict', id: question.id, verdict} satisfies Request)
      addon.ringBell(this.#bellFd)
    } catch (error) {
      if (run !== this.#runs || this.#exchange === undefined) return
      this.#thrown ??= {error}
      this.#tellToStop(run)
    }
  }

  #traced(error: WireError | undefined): void {
    const exchange = this.#traceExchanges.shift()
    this.#unrefIdle()
    if (error !== undefined) {
      exchange?.reject(fromWire(error))
      return
    }
    this.#listener = exchange?.listener
    exchange?.resolve()
  }

  #take(): Exchange | undefined {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#unrefIdle()
    return exchange
  }

  /** Nobody waits for it: it does not keep the process alive. */
  #unrefIdle(): void {
    const isIdle = this.#exchange === undefined && this.#traceExchanges.length === 0
    if (this.#end === undefined && isIdle) this.#worker.unref()
  }
}

function failure(message: string, cause?: Error): HvError {
  return new HvError('SANDBOX_FAILED', `the sandbox failed: ${message}`, 'make a new one', {cause})
}

/** Node waits for its threads when the process exits; one whose guest runs would never come back to it. */
function stopAll(): void {
  for (const thread of living) thread.tellToStopEverything()
}

function add(thread: SentryThread): void {
  if (living.size === 0) process.on('exit', stopAll)
  living.add(thread)
}

function remove(thread: SentryThread): void {
  living.delete(thread)
  if (living.size === 0) process.off('exit', stopAll)
}
