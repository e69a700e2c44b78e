// ProgramRuns: the programs that a Sandbox runs: where they come from, what feeds them, and what the sandbox's listeners are told of them.

import {fromHere} from '../../launch/options/parse-values.ts'
import {openHostProgram} from '../../sentry/outside/host-program.ts'
import type {StopSignal} from '../../stop-signal.ts'
import type {LimitHit, RunOutcome, RunRequest} from '../protocol/messages.ts'
import {AbortError} from './abort-error.ts'
import {exitOf} from './exit-of.ts'
import type {OwnBroker} from './net/own-broker.ts'
import type {SandboxExit, SandboxResult, SandboxRunOptions} from './options.ts'
import type {RemoteSentry} from './remote-sentry.ts'
import {toRequest} from './requests.ts'
import type {SandboxListeners} from './sandbox-events.ts'
import {InputFeed, type InputSource} from './streams/input-feed.ts'
import type {LiveRun} from './streams/live-run.ts'
import type {ProgramStreams} from './streams/program-streams.ts'
import {textOf} from './streams/text.ts'

/** Where programs come from. The paths of `host` are relative to this process's directory. */
export type ProgramSource = 'host' | 'root' | 'image'

export class ProgramRuns {
  readonly source: ProgramSource
  readonly #sentry: RemoteSentry
  readonly #broker: OwnBroker
  readonly #listeners: SandboxListeners

  constructor(source: ProgramSource, sentry: RemoteSentry, broker: OwnBroker, listeners: SandboxListeners) {
    this.source = source
    this.#sentry = sentry
    this.#broker = broker
    this.#listeners = listeners
  }

  /** As Sandbox.run. */
  async toEnd(
    program: string | undefined,
    args: readonly string[],
    options: SandboxRunOptions,
  ): Promise<SandboxResult<string | Uint8Array>> {
    const {request, encoding, input} = toRequest(program, args, options, this.source === 'image')
    const {signal} = options
    const decode = async (bytes = new Uint8Array()) => (encoding === 'buffer' ? bytes : textOf(bytes))
    const finished = await (input === undefined
      ? this.run(request, signal)
      : this.#fed(request, input, signal))
    if (signal?.aborted)
      throw new AbortError(signal.reason, await decode(finished?.stdout), await decode(finished?.stderr))
    return {
      ...exitOf(finished!),
      stdout: await decode(finished!.stdout),
      stderr: await decode(finished!.stderr),
      outputTruncated: finished!.outputTruncated,
    }
  }

  /** @returns undefined when the signal had already aborted @throws what the input's source throws */
  async #fed(
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
    const finished = await this.#broker.whileRunning(() =>
      this.#sentry.run({...request, onHost}, {signal, live, onLimit}),
    )
    const {pid, result} = finished
    const {timedOut, timedOutBy = 'time'} = result
    if (timedOut) this.#listeners.tell('limit', {program, programPid: pid, limit: timedOutBy, count: 1})
    this.#listeners.tell('exit', {program, programPid: pid, ...exitOf(finished)})
    return finished
  }
}
