// RemoteRuns: the owner's end of a sandbox's simultaneous runs: each from its request to its end, and what it still owes.

import {HvError} from '../../errors.ts'
import {MOST_QUESTIONS, type Question} from '../../sentry/outside/hooks/hooked-call.ts'
import {closeHostProgram} from '../../sentry/outside/host-program.ts'
import {
  type LiveRequest,
  MOST_PROGRAMS,
  type Reply,
  type RunOutcome,
  type RunRequest,
} from '../protocol/messages.ts'
import {askHandler} from './ask-handler.ts'
import type {SyscallHandlers} from './on-syscall.ts'
import {RemoteRun, type RunParts} from './remote-run.ts'
import {ReplyDeadline} from './reply-deadline.ts'
import type {Transport} from './transport.ts'

/** Messages about one run. */
export type RunReply = Extract<Reply, {run: number}>

/** The sentry that they talk to. */
export interface RemoteEnd {
  transport: Transport
  /** Why it can no longer be used. */
  end(): HvError | undefined
  /** There is a sentry to talk to. */
  isLiving(): boolean
  /** A run that was told to stop does not stop. */
  lost(): void
}

export class RemoteRuns {
  readonly #remote: RemoteEnd
  readonly #handlers: SyscallHandlers
  /** Of one run, unanswered. A call that a signal ends is reported, however many there are. */
  readonly #mostQuestions: number
  /** Runs that have not ended, by id. */
  readonly #runs = new Map<number, RemoteRun>()
  #last = 0

  constructor(remote: RemoteEnd, handlers: SyscallHandlers, maxTasks: number) {
    this.#remote = remote
    this.#handlers = handlers
    this.#mostQuestions = MOST_QUESTIONS + maxTasks
  }

  /** Some run has not ended. */
  get isAsked(): boolean {
    return this.#runs.size > 0
  }

  /**
   * Runs beside others. When the signal aborts, the guest is killed, and the result is what it did until then.
   * @throws HvError, or what a handler of calls throws
   */
  async run(request: Omit<RunRequest, 'id'>, parts: RunParts): Promise<RunOutcome> {
    const run = this.#begin(request, parts)
    const {signal, live} = parts
    const abort = () => this.#stop(run)
    signal?.addEventListener('abort', abort, {once: true})
    try {
      live?.began((said) => this.#tellLive({...said, run: run.id} as LiveRequest))
      const finished = await run.end
      if (run.thrown !== undefined && !signal?.aborted) throw run.thrown.error
      return finished
    } finally {
      signal?.removeEventListener('abort', abort)
      run.deadline.end()
    }
  }

  isDue(reply: RunReply): boolean {
    return this.#runs.get(reply.run)?.isDue(reply) === true
  }

  hear(reply: RunReply): void {
    const run = this.#runs.get(reply.run)
    // Everything has ended already.
    if (run === undefined) return
    if (reply.kind === 'finished') this.#finished(run, reply.finished)
    else if (reply.kind === 'asks') void this.#ask(run, reply.question)
    else if (reply.kind === 'limit') run.parts.onLimit(reply.hit, reply.pid)
    else run.received(reply)
  }

  /** The run could not be started. */
  refused(id: number, error: HvError): void {
    const run = this.#runs.get(id)
    this.#runs.delete(id)
    run?.reject(this.#remote.end() ?? error)
  }

  has(id: number): boolean {
    return this.#runs.has(id)
  }

  /** The sentry is alive. */
  renew(): void {
    for (const {deadline} of this.#runs.values()) deadline.renew()
  }

  /** The sentry gives one run's output while the others wait, or takes what it is given. */
  moved(id: number | undefined): void {
    for (const run of this.#runs.values()) {
      if (id === undefined || id === run.id) run.deadline.extend()
      else run.deadline.renew()
    }
  }

  fail(error: HvError): void {
    for (const run of this.#runs.values()) run.reject(error)
    this.#runs.clear()
  }

  /** @throws HvError */
  #begin(given: Omit<RunRequest, 'id'>, parts: RunParts): RemoteRun {
    const {transport, end, lost} = this.#remote
    const error = end() ?? (this.#runs.size < MOST_PROGRAMS ? undefined : full())
    if (error !== undefined) {
      closeHostProgram(given.onHost)
      throw error
    }
    const request = {...given, id: ++this.#last}
    const deadline = new ReplyDeadline(lost, () => transport.waitedMs())
    const run = new RemoteRun(request, parts, deadline, this.#mostQuestions)
    this.#runs.set(run.id, run)
    if (request.timeoutMs !== undefined) run.deadline.begin(request.timeoutMs)
    // This process stays alive until the run ends.
    transport.ref()
    transport.send(request)
    return run
  }

  /** Late messages are dropped. */
  #tellLive(request: LiveRequest): void {
    if (this.#remote.isLiving() && this.#runs.has(request.run)) this.#remote.transport.send(request)
  }

  #stop(run: RemoteRun): void {
    if (run.isToldToStop || !this.#remote.isLiving() || !this.#runs.has(run.id)) return
    run.isToldToStop = true
    this.#remote.transport.tellToStop(run.id)
    run.deadline.begin()
  }

  #finished(run: RemoteRun, finished: RunOutcome): void {
    this.#runs.delete(run.id)
    const end = this.#remote.end()
    if (end !== undefined) run.reject(end)
    else run.resolve(finished)
  }

  /** The guest's call waits meanwhile. If the handler throws, that ends the run, unless it has ended already. */
  async #ask(run: RemoteRun, question: Question): Promise<void> {
    run.questions++
    try {
      const verdict = await askHandler(this.#handlers, question)
      run.questions--
      if (this.#remote.isLiving() && this.#runs.has(run.id))
        this.#remote.transport.send({kind: 'verdict', run: run.id, id: question.id, verdict})
    } catch (error) {
      run.thrown ??= {error}
      this.#stop(run)
    }
  }
}

function full(): HvError {
  return new HvError(
    'SANDBOX_FULL',
    `${MOST_PROGRAMS} programs run in the sandbox, and it runs no more at once`,
    'wait until one of them has ended, or make another sandbox',
  )
}
