// SandboxProcess: a program that runs in a sandbox, with its standard streams, as child_process has it.

import type {Readable, Writable} from 'node:stream'
import {SIGTERM} from '../abi/signal.ts'
import {HvError} from '../errors.ts'
import {linesOf} from './lines.ts'
import type {SandboxExit, SandboxLinesOptions, SandboxTerminalSize} from './options.ts'
import type {ProgramStreams} from './program-streams.ts'
import {toLinesOptions, toSignal, toTerminalSize} from './requests.ts'

/**
 * What `Sandbox.spawn` gives. Data waits on both sides: a program whose output nobody reads stops, as at any pipe.
 *
 * @example
 * const child = sandbox.spawn('/bin/busybox', ['cat'])
 * child.stdin.end('hello\n')
 * for await (const line of child) console.log(line) // hello
 * console.log((await child.wait()).exitCode, child.exitCode) // 0 0
 */
export class SandboxProcess {
  /**
   * Its standard input. The program may close it early: what is written then goes nowhere. Of a terminal, the keys; when it ends, whoever
   * asks for more finds an end of file, as if ^D were pressed: each time, and in raw mode once, as the key.
   */
  readonly stdin: Writable
  /** Its standard output: it waits when nobody reads. Of a terminal, all that it shows; who destroys it then hangs it up: SIGHUP. */
  readonly stdout: Readable
  /** The same of its standard error; of a terminal, empty. */
  readonly stderr: Readable
  #exit: SandboxExit | undefined
  readonly #streams: ProgramStreams
  readonly #end: Promise<SandboxExit>

  /** @internal By Sandbox.spawn. */
  constructor(streams: ProgramStreams, end: Promise<SandboxExit>) {
    this.#streams = streams
    this.stdin = streams.stdin
    this.stdout = streams.stdout
    this.stderr = streams.stderr
    this.#end = end
    end.then(
      (exit) => {
        this.#exit = exit
      },
      // Whoever wants to know waits.
      () => {},
    )
  }

  /** In the guest; undefined until the program is there. */
  get pid(): number | undefined {
    return this.#streams.pid
  }

  /** null until it has ended, and when a signal killed it. */
  get exitCode(): number | null {
    return this.#exit?.exitCode ?? null
  }

  /** The name of the signal that killed it: `SIGTERM`. */
  get signal(): string | null {
    return this.#exit?.signal ?? null
  }

  /**
   * Sends a signal to the program's first process: to one that is not there yet as soon as it is, to one that has ended
   * never.
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
   * Its terminal has another size from now on: SIGWINCH to the jobs in the foreground. Nothing happens when it has ended.
   * @throws HvError BAD_ARGUMENT: a size that cannot be, or a program without `pty`
   */
  resize(size: SandboxTerminalSize): void {
    if (!this.#streams.isTerminal)
      throw new HvError('BAD_ARGUMENT', 'the program has no terminal', 'spawn it with pty: true')
    this.#streams.resize(toTerminalSize(size))
  }

  /**
   * Its output line by line, decoded from UTF-8, without the lines' ends (`\n` or `\r\n`). After the last line it throws what `wait`
   * rejects with. Who leaves the loop early closes the stream. The other stream is somebody else's to read: a program that
   * fills it waits.
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
   * How it ended. All that it wrote is in the streams by then, read or not.
   * @throws HvError, AbortError: as Sandbox.run does
   */
  wait(): Promise<SandboxExit> {
    return this.#end
  }
}
