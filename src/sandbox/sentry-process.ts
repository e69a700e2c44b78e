// SentryProcess: a process that is to be a sandbox's sentry. Until it is told what to be, it is anybody's.

import {type ChildProcess, spawn} from 'node:child_process'
import {Socket} from 'node:net'
import {HvError, printable} from '../errors.ts'
import {packageFile} from '../package-file.ts'
import {HEAP_MB} from './carrier.ts'

/** Of what it wrote last to standard error: why V8 gave up, for one. */
const LAST_WORDS = 2048
const SHOWN_WORDS = 300

export class SentryProcess {
  /** Leads to the process alone. */
  readonly socket: Socket
  /** Why there is none any more. */
  end: HvError | undefined
  /** Called when it has ended, and all that it said was heard. */
  onEnd: ((error: HvError) => void) | undefined
  readonly #child: ChildProcess
  #lastWords = ''

  constructor() {
    const argv = [`--max-old-space-size=${HEAP_MB}`, packageFile('dist/process.cjs')]
    this.#child = spawn(process.execPath, argv, {
      argv0: 'hv-sandbox',
      // Where V8's bytecode and the costs of traps are kept.
      env: environment('HOME', 'XDG_CACHE_HOME'),
      // A terminal's signals are for the owner.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    })
    // Without descriptors for them there are none.
    const [, , stderr, socket] = this.#child.stdio ?? []
    this.socket = (socket as Socket | undefined) ?? new Socket()
    // It may end while something is being said: its end tells more.
    this.socket.on('error', () => {})
    ;(stderr as Socket | undefined)?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS)
    })
    this.#child.once('error', ({message}) =>
      this.#ended(new HvError('HOST_SYSCALL', `no process for the sandbox: ${message}`)),
    )
    this.#child.once('close', (code, signal) => this.#ended(this.#died(code, signal)))
  }

  ref(): void {
    this.#child.ref()
    this.socket.ref()
  }

  /** It does not keep this process alive. */
  unref(): void {
    this.#child.unref()
    this.socket.unref()
    ;(this.#child.stderr as Socket | null)?.unref()
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #ended(error: HvError): void {
    if (this.end !== undefined) return
    this.end = error
    this.socket.destroy()
    this.onEnd?.(error)
  }

  #died(code: number | null, signal: string | null): HvError {
    const how = signal === null ? `has ended with ${code}` : `was killed by ${signal}`
    const words = printable(this.#lastWords.trim().replaceAll('\n', ' | ')).slice(0, SHOWN_WORDS)
    const why = words === '' ? '' : ` (${words})`
    return new HvError('SANDBOX_DIED', `the sandbox's process ${how}${why}`, 'make a new one')
  }
}

function environment(...names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}
