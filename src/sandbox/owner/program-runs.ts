// ProgramRuns: the programs that a Sandbox runs: where they come from, what feeds them, and what the sandbox's listeners are told of them.

import {fromHere} from '../../launch/options/parse-values.ts'
import {openHostProgram} from '../../sentry/outside/host-program.ts'
import type {StopSignal} from '../../stop-signal.ts'
import type {LimitHit, RunOutcome, RunRequest} from '../protocol/messages.ts'
import {AbortError} from './abort-error.ts'
import {exitOf} from './exit-of.ts'
import type {SandboxExit} from './options.ts'
import type {RemoteSentry} from './remote-sentry.ts'
import type {SandboxListeners} from './sandbox-events.ts'
import {InputFeed, type InputSource} from './streams/input-feed.ts'
import type {LiveRun} from './streams/live-run.ts'
import type {ProgramStreams} from './streams/program-streams.ts'

/** Where programs come from. The paths of `host` are relative to this process's directory. */
export type ProgramSource = 'host' | 'root' | 'image'

export class ProgramRuns {
  readonly source: ProgramSource
  readonly #sentry: RemoteSentry
  readonly #listeners: SandboxListeners

  constructor(source: ProgramSource, sentry: RemoteSentry, listeners: SandboxListeners) {
    this.source = source
    this.#sentry = sentry
    this.#listeners = listeners
  }

  /** @returns undefined when the signal had already aborted @throws what the input's source throws */
  async fed(
    request: Omit<RunRequest, 'id'>,
    input: InputSource,
    signal: StopSignal | undefined,
  ): Promise<RunOutcome | undefined> {
    const feed = new InputFeed(input, signal)
    try {
      const finished = await this.run(request, feed.signal, feed)
      if (!signal?.aborted) feed.check()
      return finished
    } finally {
      feed.finish()
    }
  }

  /** @throws AbortError */
  async live(
    request: Omit<RunRequest, 'id'>,
    streams: ProgramStreams,
    signal: StopSignal | undefined,
  ): Promise<SandboxExit> {
    try {
      const finished = await this.run(request, signal, streams)
      if (signal?.aborted) throw new AbortError(signal.reason, '', '')
      return exitOf(finished!)
    } finally {
      streams.finish()
    }
  }

  /** @returns undefined when the signal had already aborted */
  async run(
    request: Omit<RunRequest, 'id'>,
    signal: StopSignal | undefined,
    live?: LiveRun,
  ): Promise<RunOutcome | undefined> {
    if (signal?.aborted) return undefined
    const {program} = request
    const onLimit = ({limit, count, pid}: LimitHit, programPid: number | undefined) => {
      if (limit === 'oom') this.#listeners.tell('oom', {program, programPid, pid, count})
      else this.#listeners.tell('limit', {program, programPid, limit, count})
    }
    const onHost = this.source === 'host' ? openHostProgram(fromHere(program as string)) : undefined
    const finished = await this.#sentry.run({...request, onHost}, {signal, live, onLimit})
    const {pid, result} = finished
    const {timedOut, timedOutBy = 'time'} = result
    if (timedOut) this.#listeners.tell('limit', {program, programPid: pid, limit: timedOutBy, count: 1})
    this.#listeners.tell('exit', {program, programPid: pid, ...exitOf(finished)})
    return finished
  }
}
