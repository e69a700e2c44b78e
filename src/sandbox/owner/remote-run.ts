// RemoteRun: the owner's end of one run: what it still owes, how long it may take to end, and how it ends.

import type {StopSignal} from '../../stop-signal.ts'
import type {LimitHit, LiveReply, Reply, RunOutcome, RunRequest} from '../protocol/messages.ts'
import type {ReplyDeadline} from './reply-deadline.ts'
import {ReportQuota} from './report-quota.ts'
import type {LiveRun} from './streams/live-run.ts'

/** What the caller gives besides the request, and is told. */
export interface RunParts {
  signal?: StopSignal | undefined
  /** The owner of the run's streams. */
  live?: LiveRun | undefined
  /** Called for limits that the run's guest hits. @param pid of its first process, if it is there */
  onLimit: (hit: LimitHit, pid: number | undefined) => void
}

export class RemoteRun {
  readonly id: number
  readonly parts: RunParts
  readonly deadline: ReplyDeadline
  /** Settles with this result, or with an error of the sandbox. */
  readonly end: Promise<RunOutcome>
  readonly resolve: (finished: RunOutcome) => void
  readonly reject: (error: unknown) => void
  /** Questions that no handler has answered. */
  questions = 0
  /** What a handler threw. */
  thrown: {error: unknown} | undefined
  isToldToStop = false
  readonly #mostQuestions: number
  readonly #limits = new ReportQuota()
  readonly #live: RunRequest['live']
  #isThere = false

  constructor({id, live}: RunRequest, parts: RunParts, deadline: ReplyDeadline, mostQuestions: number) {
    this.id = id
    this.parts = parts
    this.deadline = deadline
    this.#live = live
    this.#mostQuestions = mostQuestions
    let resolve!: (finished: RunOutcome) => void
    let reject!: (error: unknown) => void
    this.end = new Promise((...ways) => {
      ;[resolve, reject] = ways
    })
    this.resolve = resolve
    this.reject = reject
  }

  isDue(reply: Extract<Reply, {run?: number}>): boolean {
    switch (reply.kind) {
      case 'asks':
        return this.questions < this.#mostQuestions
      case 'limit':
        return this.#limits.takes()
      case 'started':
        return this.#live !== 'none' && !this.#isThere
      case 'output':
        return this.#live === 'all' && this.#isThere
      case 'took':
        return this.#live !== 'none' && this.#isThere
      default:
        return true
    }
  }

  received(reply: LiveReply): void {
    if (reply.kind === 'started') this.#isThere = true
    this.parts.live?.received(reply)
  }
}
