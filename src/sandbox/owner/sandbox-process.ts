// SandboxProcess: a program that runs in a sandbox, with its standard streams, in the manner of child_process.

import type {Readable, Writable} from 'node:stream'
import {SIGTERM} from '../../abi/signal.ts'
import {badArgument} from '../../errors.ts'
import type {SandboxTerminalSize} from '../protocol/terminal-size.ts'
import type {SandboxExit, SandboxLinesOptions} from './options.ts'
import {toLinesOptions, toSignal, toTerminalSize} from './requests.ts'
import {linesOf} from './streams/lines.ts'

/** The owner's ends of a program's streams. */
export interface OwnerStreams {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  readonly isTerminal: boolean
  readonly pid: number | undefined
  /** Before the program is there, it waits. */
  signal(signal: number): void
  resize(size: SandboxTerminalSize): void
}

/**
 * What `Sandbox.spawn` returns. Data waits on both sides: a program whose output nobody reads blocks, as on any pipe.
 *
 * @example
 * const child = sandbox.spawn('/bin/busybox', ['cat'])
 * child.stdin.end('hello\n')
 * for await (const line of child) console.log(line) // hello
 * console.log((await child.wait()).exitCode, child.exitCode) // 0 0
 */
export class SandboxProcess {
  /**
   * Its standard input. The program may close it early: what is written then goes nowhere. With a terminal, the keys. Once it has ended, a
   * program that asks for more finds an end of file, as if ^D were pressed: each time, but in raw mode only once, as the key.
   */
  readonly stdin: Writable
  /**
   * Its standard output: it waits when nobody reads. With a terminal, everything that it shows; destroying it then hangs the terminal up:
   * SIGHUP.
   */
  readonly stdout: Readable
  /** The same for its standard error; empty with a terminal. */
  readonly stderr: Readable
  #exit: SandboxExit | undefined
  readonly #streams: OwnerStreams
  readonly #end: Promise<SandboxExit>

  /** @internal By Sandbox.spawn. */
  constructor(streams: OwnerStreams, end: Promise<SandboxExit>) {
    this.#streams = streams
    this.stdin = streams.stdin
    this.stdout = streams.stdout
    this.stderr = streams.stderr
    this.#end = end
    end.then(
      (exit) => {
        this.#exit = exit
      },
      // `wait` reports errors.
      () => {},
    )
  }

  /** Its pid in the guest; undefined until the program is there. */
  get pid(): number | undefined {
    return this.#streams.pid
  }

  /** null until it has ended, and if a signal killed it. */
  get exitCode(): number | null {
    return this.#exit?.exitCode ?? null
  }

  /** The name of the signal that killed it: `SIGTERM`. */
  get signal(): string | null {
    return this.#exit?.signal ?? null
  }

  /**
   * Sends a signal to the program's first process. If the process is not there yet, it gets the signal as soon as it is; if it has ended,
   * nothing happens.
   * @param signal a name or a number
   * @throws HvError BAD_ARGUMENT: there is no such signal
   *
   * @example
   * const child = sandbox.spawn('/bin/busybox', ['sleep', '100'])
   * child.kill('SIGINT')
   * console.log((await child.wait()).signal) // SIGINT
   */
  kill(signal: string | number = SIGTERM): void {
    this.#streams.signal(toSignal(signal))
  }

  /**
   * Changes the size of its terminal; the foreground jobs get SIGWINCH. Does nothing if the program has ended.
   * @throws HvError BAD_ARGUMENT: an impossible size, or a program without `pty`
   */
  resize(size: SandboxTerminalSize): void {
    if (!this.#streams.isTerminal) throw badArgument('the program has no terminal', 'spawn it with pty: true')
    this.#streams.resize(toTerminalSize(size))
  }

  /**
   * Its output line by line, decoded from UTF-8, without line ends (`\n` or `\r\n`). After the last line it throws what `wait` rejects
   * with. Leaving the loop early closes the stream. Something else must read the other stream: a program that fills it waits.
   * @throws HvError BAD_ARGUMENT; LINE_TOO_LONG, and the stream is closed
   *
   * @example
   * const child = sandbox.spawn('/bin/busybox', ['ls', '/nosuch'])
   * for await (const line of child.lines({from: 'stderr'})) console.log(line) // ls: /nosuch: No such file or directory
   */
  lines(options: SandboxLinesOptions = {}): AsyncIterableIterator<string> {
    const {from, maxLineBytes} = toLinesOptions(options)
    return this.#lines(from === 'stdout' ? this.stdout : this.stderr, maxLineBytes)
  }

  /** The lines of its standard output: `for await (const line of child)`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<string> {
    return this.lines()
  }

  async *#lines(stream: Readable, maxLineBytes: number): AsyncGenerator<string, void, void> {
    yield* linesOf(stream, maxLineBytes)
    await this.#end
  }

  /**
   * How it ended. By then everything that it wrote is in the streams, read or not.
   * @throws HvError, AbortError: as Sandbox.run does
   */
  wait(): Promise<SandboxExit> {
    return this.#end
  }
}
