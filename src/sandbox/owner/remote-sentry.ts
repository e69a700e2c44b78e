// RemoteSentry: the owner's end of a sandbox's sentry: its start, the runs in it, and its death.

import {HvError} from '../../errors.ts'
import type {JailLayer} from '../../jail/layer.ts'
import type {ChosenPlatform} from '../../platform/choice.ts'
import {DEFAULT_MAX_TASKS} from '../../sentry/task/pids.ts'
import type {ConnectionRequest} from '../protocol/connection-messages.ts'
import {nonsense, stuck} from '../protocol/frames.ts'
import {
  type ConnectionReply,
  fromWire,
  type Reply,
  type Request,
  type RunOutcome,
  type RunRequest,
  type SentrySettings,
  STOP_EVERYTHING,
  type TraceRequest,
  type UsageRequest,
} from '../protocol/messages.ts'
import {hookedCalls} from './ask-handler.ts'
import {RemoteFiles} from './files/remote-files.ts'
import * as living from './living.ts'
import {RemoteConnections} from './net/remote-connections.ts'
import {RemotePorts} from './net/remote-ports.ts'
import {PendingRequests} from './pending-requests.ts'
import {ProcessTransport} from './process-transport.ts'
import type {RunParts} from './remote-run.ts'
import {RemoteRuns} from './remote-runs.ts'
import {RemoteTrace, type TraceListener} from './remote-trace.ts'
import {ReplyDeadline} from './reply-deadline.ts'
import type {SentryHandlers} from './requests.ts'
import type {SentryProcess} from './sentry-process.ts'
import {ThreadTransport} from './thread-transport.ts'
import type {Transport, TransportEvents} from './transport.ts'

interface Start {
  resolve: () => void
  reject: (error: unknown) => void
}

export class RemoteSentry {
  readonly #transport: Transport
  readonly #exited: Promise<void>
  /** For a sentry that was told to stop everything. */
  readonly #deadline = new ReplyDeadline(
    () => this.#endWith(stuck()),
    () => this.#transport.waitedMs(),
  )
  /** Set once it has started. */
  platform!: ChosenPlatform
  jail: readonly JailLayer[] = []
  /** Set until it is ready. */
  #start: Start | undefined
  readonly #trace = new RemoteTrace()
  readonly files = new RemoteFiles((request) => this.#sendQuietly(request))
  readonly #usage = new PendingRequests<UsageRequest['of'], Extract<Reply, {kind: 'used'}>>()
  readonly ports = new RemotePorts((request) => this.#sendQuietly(request))
  readonly connections: RemoteConnections
  readonly #runs: RemoteRuns
  /** Why it can no longer be used. */
  #end: HvError | undefined

  private constructor(
    place: 'thread' | SentryProcess,
    settings: SentrySettings,
    {handlers, serviceHandlers}: SentryHandlers,
  ) {
    let exited!: () => void
    this.#exited = new Promise((resolve) => {
      exited = resolve
    })
    const events: TransportEvents = {
      received: (reply) => this.#receive(reply),
      piped: (output) => this.#runs.hear(output),
      moved: (run) => {
        this.#deadline.extend()
        this.#runs.moved(run)
      },
      failed: (error) => this.#fail(error),
      exited: () => {
        this.#deadline.end()
        living.remove(this.#transport)
        exited()
      },
    }
    this.#transport =
      place === 'thread'
        ? new ThreadTransport(settings, events)
        : new ProcessTransport(place, settings, events)
    living.add(this.#transport)
    const remote = {
      transport: this.#transport,
      end: () => this.#end,
      isLiving: () => living.has(this.#transport),
      lost: () => this.#endWith(stuck()),
    }
    this.#runs = new RemoteRuns(remote, handlers, settings.maxTasks ?? DEFAULT_MAX_TASKS)
    const send = (request: ConnectionRequest) => {
      if (request.kind === 'connect') this.#send(request)
      else if (this.#end === undefined && remote.isLiving()) this.#transport.send(request)
    }
    this.connections = new RemoteConnections(send, serviceHandlers, settings.maxConnections)
  }

  /**
   * @param place a process that nobody else uses, or a thread to be made
   * @throws HvError as Sandbox.create does
   */
  static async start(
    place: 'thread' | SentryProcess,
    settings: Omit<SentrySettings, 'hooked'>,
    handlers: SentryHandlers,
  ): Promise<RemoteSentry> {
    const hooked = hookedCalls(handlers.handlers)
    const sentry = new RemoteSentry(place, {...settings, hooked}, handlers)
    try {
      await sentry.#ready()
    } catch (error) {
      await sentry.stop()
      throw error
    }
    return sentry
  }

  /** As RemoteRuns.run. */
  run(request: Omit<RunRequest, 'id'>, parts: RunParts): Promise<RunOutcome> {
    return this.#runs.run(request, parts)
  }

  /**
   * Switches the trace on, or off without a listener. Resolves when that is done, and all earlier events are delivered.
   * @throws HvError
   */
  async trace(listener: TraceListener, options: TraceRequest['options']): Promise<void> {
    this.#send({kind: 'trace', options})
    await this.#trace.requests.add(listener)
  }

  /** What the sandbox uses, or which processes it has: the reply has that. @throws HvError */
  async usage(of: UsageRequest['of']): Promise<Extract<Reply, {kind: 'used'}>> {
    this.#send({kind: 'usage', of})
    return this.#usage.add(of)
  }

  /** It has neither failed nor been told to end. */
  get isUsable(): boolean {
    return this.#end === undefined && this.#transport.isAlive
  }

  /** Stops the guest and ends the sentry; resolves when everything is freed. */
  async stop(): Promise<void> {
    this.#end ??= new HvError('DISPOSED', 'the sandbox is disposed')
    this.connections.fail(this.#end)
    // Otherwise it has ended, and its descriptors may be something else's by now.
    if (living.has(this.#transport)) {
      this.#transport.tellToStop(STOP_EVERYTHING)
      this.#deadline.begin()
      this.#transport.ref()
      this.#transport.send({kind: 'dispose'})
    }
    await this.#exited
  }

  /** An answer is due, for which this process stays alive. @throws HvError */
  #send(request: Request): void {
    if (this.#end !== undefined) throw this.#end
    this.#transport.ref()
    this.#transport.send(request)
  }

  /** The same, but a watch alone keeps no process alive. @throws HvError */
  #sendQuietly(request: Request): void {
    this.#send(request)
    queueMicrotask(() => this.#unrefIdle())
  }

  #ready(): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => {
      this.#start = {resolve, reject}
      this.#transport.ref()
    })
  }

  #receive(reply: Reply): void {
    if (this.#end !== undefined || this.#isDue(reply)) {
      this.#deadline.renew()
      this.#runs.renew()
      this.#hear(reply)
      // A reply that is not due was made up: the sentry may have been broken into.
    } else this.#endWith(nonsense())
  }

  #isDue(reply: Reply): boolean {
    if ('connection' in reply) return this.connections.isDue(reply)
    switch (reply.kind) {
      case 'ready':
        return this.#start !== undefined
      case 'events':
        return this.#trace.isOn
      case 'traced':
        return this.#trace.requests.isAsked
      case 'filed':
        return this.files.isDue(reply)
      case 'used':
        return this.#usage.next !== undefined && reply[this.#usage.next] !== undefined
      case 'ports':
        return this.ports.isDue(reply)
      case 'failed':
        return reply.run === undefined || this.#runs.has(reply.run)
      default:
        return this.#runs.isDue(reply)
    }
  }

  #hear(reply: Reply): void {
    if ('connection' in reply) this.connections.hear(reply)
    else this.#hearOther(reply)
    this.#unrefIdle()
  }

  #hearOther(reply: Exclude<Reply, ConnectionReply>): void {
    switch (reply.kind) {
      case 'ready':
        this.#isReady(reply)
        break
      case 'events':
        this.#trace.deliver(reply.events)
        this.#transport.took()
        break
      case 'traced':
        this.#trace.answered(reply.error && fromWire(reply.error))
        break
      case 'filed':
        this.files.answered(reply)
        break
      case 'used':
        this.#usage.answered(reply)
        break
      case 'ports':
        this.ports.answered(reply)
        break
      case 'failed':
        this.#failed(fromWire(reply.error), reply.run)
        break
      default:
        this.#runs.hear(reply)
    }
  }

  #isReady({platform, jail}: Extract<Reply, {kind: 'ready'}>): void {
    this.platform = platform
    this.jail = jail
    if (this.#end !== undefined) this.#start?.reject(this.#end)
    else this.#start?.resolve()
    this.#start = undefined
  }

  /** @param run absent: all have failed */
  #failed(error: HvError, run: number | undefined): void {
    // The sentry stopped in the middle of something.
    const isBroken = error.code === 'SANDBOX_FAILED' || error.code === 'VCPU_FAILED'
    if (run !== undefined && !isBroken) {
      this.#runs.refused(run, error)
      return
    }
    this.#fail(error)
    // Nobody waits for it any longer, disposed of or not.
    if (this.#end === error) this.#transport.unref()
  }

  /** Ends the sentry, and says why. */
  #endWith(error: HvError): void {
    this.#fail(error)
    this.#transport.kill()
  }

  #fail(error: HvError): void {
    this.#end ??= error
    this.#start?.reject(this.#end)
    this.#start = undefined
    this.#runs.fail(this.#end)
    for (const requests of this.#others()) requests.fail(this.#end)
  }

  /** When nobody waits for it, it does not keep the process alive. */
  #unrefIdle(): void {
    const isAsked = [this.#runs, ...this.#others()].some((requests) => requests.isAsked)
    if (this.#end === undefined && this.#start === undefined && !isAsked) this.#transport.unref()
  }

  /** Requests besides runs. */
  #others() {
    return [this.#trace.requests, this.files, this.#usage, this.ports, this.connections]
  }
}
