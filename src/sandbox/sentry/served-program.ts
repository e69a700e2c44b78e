// ServedProgram: what one request runs in the sentry, from its streams to how it ended; others run beside it.

import {killInfo, SI_USER} from '../../abi/siginfo.ts'
import {SIGKILL} from '../../abi/signal.ts'
import type {GuestFiles} from '../../launch/guest-files.ts'
import {guestProgram} from '../../launch/guest-program.ts'
import {guestEnvironment} from '../../launch/options.ts'
import type {Task} from '../../sentry/core/task.ts'
import type {Executable} from '../../sentry/exec/open-executable.ts'
import type {Question, Verdict} from '../../sentry/outside/hooks/hooked-call.ts'
import type {HookedCalls} from '../../sentry/outside/hooks/hooked-calls.ts'
import {closeHostProgram} from '../../sentry/outside/host-program.ts'
import type {Sentry} from '../../sentry/outside/sentry.ts'
import {StartedProgram} from '../../sentry/outside/started-program.ts'
import {Run} from '../../sentry/task/run.ts'
import type {LiveReply, LiveRequest, RunOutcome, RunRequest} from '../protocol/messages.ts'
import {LimitNews} from './limit-news.ts'
import {type Live, LiveStreams, type Post} from './live-streams.ts'
import {LiveTerminal} from './live-terminal.ts'
import {PipeOutput} from './pipe-output.ts'
import type {SentryPort} from './port.ts'
import {Output, openInput, openOutput} from './streams.ts'

/** The default `TERM`, as of `docker run -t` and node-pty. */
const TERMINAL = 'xterm'

/** What all programs of a sandbox share. */
export interface Surroundings {
  sentry: Sentry
  port: SentryPort
  config: GuestFiles['config']
  /** Holds a program to the sandbox's promises. */
  restrict: (task: Task) => void
  noNewPrivileges: boolean
  /** Makes the hooked calls of one run; absent: none is hooked. */
  hooks: ((post: (question: Question) => void) => HookedCalls) | undefined
}

export class ServedProgram {
  readonly id: number
  readonly run: Run
  /** Limits that it and its descendants hit. */
  readonly news: LimitNews
  readonly #around: Surroundings
  readonly #request: RunRequest
  readonly #hooked: HookedCalls | undefined
  readonly #stdout: Output
  readonly #stderr: Output
  /** In place of stdout and stderr. */
  readonly #pipes: readonly PipeOutput[]
  #streams: Live | undefined
  /** Received before the program was there. */
  readonly #early: LiveRequest[] = []
  #started: StartedProgram | undefined

  constructor(around: Surroundings, request: RunRequest) {
    const {port, sentry, hooks} = around
    const run = request.id
    this.id = run
    this.run = new Run(sentry.kernel.cpuUse.meter)
    this.#around = around
    this.#request = request
    this.#hooked = hooks?.((question) => port.post({kind: 'asks', run, question}))
    this.news = new LimitNews(
      (hit) => port.post({kind: 'limit', run, pid: this.run.first?.pid, hit}),
      sentry.kernel.timers,
    )
    const onFull = (): void => this.news.hit('output')
    this.#stdout = new Output(request.maxOutputBytes, onFull)
    this.#stderr = new Output(request.maxOutputBytes, onFull)
    const {hostWatch} = sentry.kernel
    this.#pipes = request.outputs?.map((fd) => new PipeOutput(fd, hostWatch)) ?? []
  }

  get isStarted(): boolean {
    return this.#started !== undefined
  }

  get hasEnded(): boolean {
    return this.#started?.hasEnded === true
  }

  /**
   * @param executable hv's own program, in place of the one asked for
   * @throws HvError as Sentry.load does, and it is over then
   */
  start(executable?: Executable): void {
    const {sentry, port, config, restrict, noNewPrivileges} = this.#around
    const {onHost, timeoutMs, cpuTimeoutMs} = this.#request
    this.#streams = this.#openLive()
    try {
      const program = {
        ...guestProgram(this.#request, config, guestEnvironment(this.#request.terminal && TERMINAL)),
        ...{onHost, executable, noNewPrivileges},
        streams: this.#openStreams(),
        terminal: this.#streams?.terminal,
        restrict: (task: Task) => {
          this.#hooked?.attach(task)
          restrict(task)
        },
      }
      this.#started = new StartedProgram(sentry, program, {timeoutMs, cpuTimeoutMs}, this.run)
    } catch (error) {
      this.#streams?.abandon()
      this.#close()
      throw error
    }
    if (this.#streams === undefined) return
    port.post({kind: 'started', run: this.id, pid: this.#started.process.pid})
    for (const said of this.#early.splice(0)) this.hear(said)
  }

  /** It will never be started. */
  discard(): void {
    closeHostProgram(this.#request.onHost)
    for (const pipe of this.#pipes) pipe.close()
  }

  /** Takes a message for a live run. */
  hear(said: LiveRequest): void {
    if (this.#started === undefined) this.#early.push(said)
    else if (said.kind === 'signal')
      this.#started.process.signals.raise(said.signal, killInfo(said.signal, SI_USER, 0, 0))
    else this.#streams?.take(said)
  }

  /** The answer to its question about a call. */
  answer(id: number, verdict: Verdict): void {
    this.#hooked?.answer(id, verdict)
  }

  kill(): void {
    this.#started?.process.signals.raise(SIGKILL)
  }

  /** Precondition: it has ended. Nothing of it is left. */
  finish(): RunOutcome {
    const {process} = this.#started!
    const result = this.#started!.finish()
    const [stdout, stderr] = [this.#stdout, this.#stderr]
    this.#close()
    const outputTruncated = stdout.truncated || stderr.truncated
    return {pid: process.pid, result, stdout: stdout.take(), stderr: stderr.take(), outputTruncated}
  }

  /** Nothing comes from it any longer. Another program may have been given its streams: its writes go nowhere. */
  #close(): void {
    this.#streams?.finish()
    for (const pipe of this.#pipes) pipe.close()
    this.#stdout.close()
    this.#stderr.close()
    this.news.flush()
  }

  /** @returns undefined: none of its streams leads to the owner. @throws HvError OUT_OF_MEMORY */
  #openLive(): Live | undefined {
    const {sentry, port} = this.#around
    const {live, terminal, outputs} = this.#request
    const post: Post = (said) => port.post({...said, run: this.id} as LiveReply)
    if (live === 'none') return undefined
    if (terminal === undefined)
      return new LiveStreams(post, sentry.kernel, live === 'all' && outputs === undefined)
    try {
      return new LiveTerminal(post, sentry, terminal)
    } catch (error) {
      this.discard()
      throw error
    }
  }

  #openStreams() {
    const {vfs} = this.#around.sentry.kernel
    const live = this.#streams?.files ?? []
    const whole = [
      () => openInput(vfs, this.#request.stdin),
      () => openOutput(vfs, this.#pipes[0] ?? this.#stdout),
      () => openOutput(vfs, this.#pipes[1] ?? this.#stderr),
    ]
    return whole.map((open, fd) => live[fd] ?? open())
  }
}
