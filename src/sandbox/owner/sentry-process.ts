// SentryProcess: a process that will be a sandbox's sentry. Until it gets its settings, it can become any sandbox's.

import type {ChildProcess} from 'node:child_process'
import {Socket} from 'node:net'
import {addon} from '../../addon.ts'
import {HvError, printable} from '../../errors.ts'
import {launch, launchPlainly} from '../../jail/launch.ts'
import {packageFile} from '../../package-file.ts'
import {runtimeEnvironment, runtimeFlags} from '../protocol/runtime.ts'
import {CpuWaits} from './cpu-waits.ts'

/** Of the end of its standard error: why V8 gave up, for example. */
const LAST_WORDS = 2048
const SHOWN_WORDS = 300
/** Within this time, what it said before its end has been heard. */
const LAST_WORDS_MS = 100

export class SentryProcess {
  /** The process alone is at its other end. */
  readonly socket: Socket
  /** The owner's end of the socket that brings it descriptors; -1: it is closed. */
  #passing = -1
  /** Why the process is gone. */
  end: HvError | undefined
  /** Called when it has ended and everything that it said was heard. */
  onEnd: ((error: HvError) => void) | undefined
  /** Of the process and all that it has started: a guest's processes, too. */
  readonly waits: CpuWaits
  /** undefined: none could be started. */
  readonly #child: ChildProcess | undefined
  #lastWords = ''

  /** @param isJailed it is born in namespaces of its own, where the host allows that */
  constructor(isJailed: boolean) {
    this.#child = this.#start(isJailed ? launch : launchPlainly)
    this.waits = new CpuWaits(this.#child?.pid)
    // Missing if there were no descriptors for them.
    const [, , stderr, socket] = this.#child?.stdio ?? []
    this.socket = (socket as Socket | undefined) ?? new Socket()
    // It may end while something is being written to it: its end tells more.
    this.socket.on('error', () => {})
    ;(stderr as Socket | undefined)?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS)
    })
    this.#child?.once('error', (error) => this.#ended(notStarted(error)))
    // A descendant that holds its descriptors may outlive it.
    this.#child?.once('exit', () => setTimeout(() => this.#closeAll(), LAST_WORDS_MS))
    this.#child?.once('close', (code, signal) => this.#ended(this.#died(code, signal)))
  }

  get isAlive(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
  }

  ref(): void {
    this.#child?.ref()
    this.socket.ref()
  }

  /** It no longer keeps this process alive. */
  unref(): void {
    this.#child?.unref()
    this.socket.unref()
    ;(this.#child?.stderr as Socket | null | undefined)?.unref()
  }

  /** With its process group. Nothing more is heard of it. */
  kill(): void {
    this.socket.removeAllListeners('data').destroy()
    // Without one, 0 would be this process's own group.
    const {pid} = this.#child ?? {}
    if (pid === undefined || this.end !== undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      this.#child?.kill('SIGKILL')
    }
  }

  /** @throws Error with `errno`: the process does not take them */
  pass(fd: number): void {
    addon.passDescriptor(this.#passing, fd)
  }

  #start(start: typeof launch): ChildProcess | undefined {
    const argv = [...runtimeFlags(), packageFile('dist/process.cjs')]
    let end: number | undefined
    try {
      ;[this.#passing, end] = addon.passingPair()
      return start('hv-sandbox', argv, {
        env: runtimeEnvironment(),
        // A terminal's signals are for the owner.
        detached: true,
        stdio: ['ignore', 'ignore', 'pipe', 'pipe', end],
      })
    } catch (error) {
      process.nextTick(() => this.#ended(notStarted(error as Error)))
      return undefined
    } finally {
      if (end !== undefined) addon.hostClose(end)
    }
  }

  #stopPassing(): void {
    if (this.#passing >= 0) addon.hostClose(this.#passing)
    this.#passing = -1
  }

  #closeAll(): void {
    this.socket.destroy()
    this.#child?.stderr?.destroy()
  }

  #ended(error: HvError): void {
    if (this.end !== undefined) return
    this.end = error
    this.socket.destroy()
    this.#stopPassing()
    this.onEnd?.(error)
  }

  #died(code: number | null, signal: string | null): HvError {
    const how = signal === null ? `has ended with ${code}` : `was killed by ${signal}`
    const words = printable(this.#lastWords.trim().replaceAll('\n', ' | ')).slice(0, SHOWN_WORDS)
    const why = words === '' ? '' : ` (${words})`
    return new HvError('SANDBOX_DIED', `the sandbox's process ${how}${why}`, 'make a new one')
  }
}

function notStarted({message}: Error): HvError {
  return new HvError('HOST_SYSCALL', `no process for the sandbox: ${message}`)
}
