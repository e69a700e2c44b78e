// RemoteSentry: the owner's end of a sandbox's sentry: one exchange at a time, and its death.

import {HvError} from '../errors.ts'
import type {JailLayer} from '../jail/layer.ts'
import type {ChosenPlatform} from '../platform/choice.ts'
import {MOST_QUESTIONS, type Question} from '../sentry/hooked-call.ts'
import {closeHostProgram} from '../sentry/host-program.ts'
import {DEFAULT_MAX_TASKS} from '../sentry/task/pids.ts'
import type {StopSignal} from '../stop-signal.ts'
import {askHandler, hookedCalls} from './ask-handler.ts'
import type {Carrier, CarrierEvents} from './carrier.ts'
import {nonsense, stuck} from './frames.ts'
import {type LimitHit, LimitPatience} from './limit-news.ts'
import type {LiveRun} from './live-run.ts'
import * as living from './living.ts'
import type {SyscallHandlers} from './on-syscall.ts'
import {Patience} from './patience.ts'
import {ProcessCarrier} from './process-carrier.ts'
import {
  type Finished,
  fromWire,
  type LiveRequest,
  type Reply,
  type RunRequest,
  type SentrySettings,
  STOP_EVERYTHING,
  type TraceRequest,
} from './protocol.ts'
import {RemoteFiles} from './remote-files.ts'
import {RemoteTrace, type TraceListener} from './remote-trace.ts'
import type {SentryProcess} from './sentry-process.ts'
import {ThreadCarrier} from './thread-carrier.ts'

interface Exchange {
  awaits: 'ready' | 'finished'
  resolve: (finished: Finished | undefined) => void
  reject: (error: unknown) => void
}

export class RemoteSentry {
  readonly #carrier: Carrier
  readonly #exited: Promise<void>
  /** With a sentry that was told to stop its guest, or whose guest's time is up. */
  readonly #patience = new Patience(() => this.#endWith(stuck()))
  /** Once it has started. */
  platform!: ChosenPlatform
  jail: readonly JailLayer[] = []
  #exchange: Exchange | undefined
  readonly #trace = new RemoteTrace()
  readonly files = new RemoteFiles((request) => {
    if (this.#end !== undefined) throw this.#end
    this.#carrier.ref()
    this.#carrier.send(request)
    // A watch alone keeps no process alive.
    queueMicrotask(() => this.#unrefIdle())
  })
  readonly #handlers: SyscallHandlers
  /** Of this run, that no handler has answered. */
  #questions = 0
  /** A call that a signal ends is told of, however many there are. */
  readonly #mostQuestions: number
  /** What a handler threw in this run. */
  #thrown: {error: unknown} | undefined
  #runs = 0
  /** It was told to stop everything, which nothing takes back. */
  #shallEnd = false
  /** What the run's guest hits: the owner's. */
  onLimit: ((hit: LimitHit) => void) | undefined
  #limits = new LimitPatience()
  /** Whose streams the run's are. */
  #live: LiveRun | undefined
  /** Why it cannot be used any more. */
  #end: HvError | undefined

  private constructor(place: 'thread' | SentryProcess, settings: SentrySettings, handlers: SyscallHandlers) {
    this.#handlers = handlers
    this.#mostQuestions = MOST_QUESTIONS + (settings.maxTasks ?? DEFAULT_MAX_TASKS)
    let exited!: () => void
    this.#exited = new Promise((resolve) => {
      exited = resolve
    })
    const events: CarrierEvents = {
      received: (reply) => this.#receive(reply),
      moved: () => this.#patience.extend(),
      failed: (error) => this.#fail(error),
      exited: () => {
        this.#patience.end()
        living.remove(this.#carrier)
        exited()
      },
    }
    this.#carrier =
      place === 'thread' ? new ThreadCarrier(settings, events) : new ProcessCarrier(place, settings, events)
    living.add(this.#carrier)
  }

  /**
   * @param place a process that is nobody else's, or a thread to be made
   * @throws HvError as Sandbox.create does
   */
  static async start(
    place: 'thread' | SentryProcess,
    settings: Omit<SentrySettings, 'hooked'>,
    handlers: SyscallHandlers,
  ): Promise<RemoteSentry> {
    const sentry = new RemoteSentry(place, {...settings, hooked: hookedCalls(handlers)}, handlers)
    try {
      await sentry.#converse()
    } catch (error) {
      await sentry.stop()
      throw error
    }
    return sentry
  }

  /**
   * Precondition: no run is under way. When the signal aborts, the guest is killed, and this is what it did until then.
   * @throws HvError, or what a handler of calls throws
   */
  async run(request: RunRequest, signal: StopSignal | undefined, live?: LiveRun): Promise<Finished> {
    const id = ++this.#runs
    this.#thrown = undefined
    this.#questions = 0
    this.#limits = new LimitPatience()
    this.#live = live
    const abort = () => this.#tellToStop(id)
    signal?.addEventListener('abort', abort, {once: true})
    try {
      if (request.timeoutMs !== undefined) this.#patience.begin(request.timeoutMs)
      const end = this.#converse({...request, id})
      live?.began((said) => this.#tellLive({...said, run: id} as LiveRequest))
      const finished = await end
      if (this.#thrown !== undefined && !signal?.aborted) throw (this.#thrown as {error: unknown}).error
      return finished!
    } finally {
      this.#live = undefined
      signal?.removeEventListener('abort', abort)
      if (!this.#shallEnd) this.#patience.end()
    }
  }

  /**
   * Switches the trace on, or off without a listener. Resolves when it is done, and all events of before are delivered.
   * @throws HvError
   */
  trace(listener: TraceListener | undefined, options: TraceRequest['options']): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    this.#carrier.ref()
    this.#carrier.send({kind: 'trace', options})
    return this.#trace.ask(listener)
  }

  /** Stops the guest and ends the sentry; resolves when everything is freed. */
  async stop(): Promise<void> {
    this.#end ??= new HvError('DISPOSED', 'the sandbox is disposed')
    this.#tellToStop(STOP_EVERYTHING)
    if (living.has(this.#carrier)) {
      this.#carrier.ref()
      this.#carrier.send({kind: 'dispose'})
    }
    await this.#exited
  }

  /** What comes late is for nobody. */
  #tellLive(request: LiveRequest): void {
    if (living.has(this.#carrier) && request.run === this.#runs && this.#live !== undefined)
      this.#carrier.send(request)
  }

  #tellToStop(run: number): void {
    // It has ended: what led to it may be something else's by now.
    if (!living.has(this.#carrier)) return
    this.#shallEnd ||= run === STOP_EVERYTHING
    this.#carrier.tellToStop(run)
    this.#patience.begin()
  }

  /** Sends a request, if any, and waits for the reply. The process stays alive meanwhile. */
  #converse(request?: RunRequest): Promise<Finished | undefined> {
    if (this.#end !== undefined) {
      closeHostProgram(request?.onHost)
      return Promise.reject(this.#end)
    }
    return new Promise((resolve, reject) => {
      this.#exchange = {awaits: request === undefined ? 'ready' : 'finished', resolve, reject}
      this.#carrier.ref()
      if (request !== undefined) this.#carrier.send(request)
    })
  }

  #receive(reply: Reply): void {
    if (this.#isDue(reply)) {
      this.#patience.renew()
      this.#hear(reply)
      // What is not due, it makes up: whoever has broken into it may.
    } else this.#endWith(nonsense())
  }

  #hear(reply: Reply): void {
    if (reply.kind === 'events') {
      this.#trace.deliver(reply.events)
      this.#carrier.took()
    } else if (reply.kind === 'asks') void this.#ask(reply.run, reply.question)
    else if (reply.kind === 'limit') this.onLimit?.(reply.hit)
    else if (reply.kind === 'traced') this.#trace.answered(reply.error && fromWire(reply.error))
    else if (reply.kind === 'filed') this.files.answered(reply)
    else if (reply.kind === 'failed') this.#failed(fromWire(reply.error))
    else if (reply.kind === 'ready' || reply.kind === 'finished') this.#settled(reply)
    else this.#live?.received(reply)
    this.#unrefIdle()
  }

  #isDue(reply: Reply): boolean {
    const isOver = this.#end !== undefined
    const isOfRun = (run: number): boolean => run === this.#runs && this.#exchange !== undefined
    switch (reply.kind) {
      case 'events':
        return isOver || this.#trace.isOn
      case 'asks':
        return isOfRun(reply.run) && this.#questions < this.#mostQuestions
      case 'limit':
        return isOfRun(reply.run) && this.#limits.takes()
      case 'started':
      case 'output':
      case 'took':
        return isOver || this.#live !== undefined
      case 'traced':
        return isOver || this.#trace.isAsked
      case 'filed':
        return isOver || this.files.isDue(reply)
      case 'failed':
        return true
      default:
        return isOver || this.#exchange?.awaits === reply.kind
    }
  }

  #failed(error: HvError): void {
    // The sentry stopped in the middle of something.
    if (error.code === 'SANDBOX_FAILED' || error.code === 'VCPU_FAILED') {
      this.#end ??= error
      this.files.fail(this.#end)
    }
    this.#take()?.reject(this.#end ?? error)
  }

  #settled(reply: Extract<Reply, {kind: 'ready' | 'finished'}>): void {
    if (this.#end !== undefined) this.#take()?.reject(this.#end)
    else if (reply.kind === 'finished') this.#take()?.resolve(reply.finished)
    else {
      this.platform = reply.platform
      this.jail = reply.jail
      this.#take()?.resolve(undefined)
    }
  }

  /** Ends it, and says why. */
  #endWith(error: HvError): void {
    this.#fail(error)
    this.#carrier.kill()
  }

  #fail(error: HvError): void {
    this.#end ??= error
    this.#take()?.reject(this.#end)
    this.#trace.fail(this.#end)
    this.files.fail(this.#end)
  }

  /** The guest's call waits meanwhile. What the handler throws ends the run, if that has not ended yet. */
  async #ask(run: number, question: Question): Promise<void> {
    this.#questions++
    try {
      const verdict = await askHandler(this.#handlers, question)
      if (run === this.#runs) this.#questions--
      if (!living.has(this.#carrier)) return
      this.#carrier.send({kind: 'verdict', id: question.id, verdict})
    } catch (error) {
      if (run !== this.#runs || this.#exchange === undefined) return
      this.#thrown ??= {error}
      this.#tellToStop(run)
    }
  }

  #take(): Exchange | undefined {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#unrefIdle()
    return exchange
  }

  /** Nobody waits for it: it does not keep the process alive. */
  #unrefIdle(): void {
    const isIdle = this.#exchange === undefined && !this.#trace.isAsked && !this.files.isAsked
    if (this.#end === undefined && isIdle) this.#carrier.unref()
  }
}
