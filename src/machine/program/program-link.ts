// ProgramLink: the host's side of a program in a machine: its order, streams, signals and end, over vsock with its relay there.

import type {Duplex, Readable, Writable} from 'node:stream'
import {
  CONTROL_PORT,
  ERROR_PORT,
  encodeNews,
  encodeOrder,
  INPUT_PORT,
  type MachineOrder,
  NEWS_BYTES,
  News,
  OUTPUT_PORT,
  type Size,
  valueOfSize,
} from './order.ts'

/** How the program ended: one of these. */
export type ProgramEnd =
  | {readonly exitCode: number}
  | {readonly signal: number}
  /** It was not started: the errno of execve(2), of chdir(2), or of what the machine lacks for another process. */
  | {readonly errno: number; readonly of: 'program' | 'directory' | 'machine'}

export interface ProgramStreams {
  /** Called when the machine asks for it. */
  readonly stdin: () => Readable
  readonly stdout: Writable
  /** Unused with a terminal. */
  readonly stderr: Writable
}

const LEAST_SIGNAL = 1
const MOST_SIGNAL = 64

export class ProgramLink {
  readonly #order: MachineOrder
  readonly #streams: ProgramStreams
  readonly #outputs: Promise<void>[] = []
  readonly #onEnd: () => void
  readonly #onStart: () => void
  readonly #encoded: Uint8Array
  readonly #expected: Map<number, (stream: Duplex) => void>
  /** Of its relay. */
  readonly #accepted: Duplex[] = []
  #control: Duplex | undefined
  #received: Buffer = Buffer.alloc(0)
  #end: ProgramEnd | undefined
  #pid: number | undefined
  #isOver = false

  /**
   * @param onEnd called once, when it has ended and all its output is handed over, or when its relay has gone without a word of its end
   * @param onStart called once, when it is executed
   * @throws HvError BAD_ARGUMENT
   */
  constructor(order: MachineOrder, streams: ProgramStreams, onEnd: () => void, onStart = () => {}) {
    this.#order = order
    this.#streams = streams
    this.#onEnd = onEnd
    this.#onStart = onStart
    this.#encoded = encodeOrder(order)
    const drain =
      (to: Writable) =>
      (stream: Duplex): void =>
        this.#drain(stream, to)
    this.#expected = new Map([
      [CONTROL_PORT, (stream) => this.#begin(stream)],
      [INPUT_PORT, (stream) => this.#feed(stream)],
      ...(order.terminal !== undefined
        ? []
        : ([
            [OUTPUT_PORT, drain(streams.stdout)],
            [ERROR_PORT, drain(streams.stderr)],
          ] as const)),
    ])
  }

  /** A connection from its relay: one for each port. @returns false when it is not due */
  accept(port: number, stream: Duplex): boolean {
    const take = this.#expected.get(port)
    this.#expected.delete(port)
    if (take !== undefined) this.#accepted.push(stream)
    take?.(stream)
    return take !== undefined
  }

  /** Its process ID in the machine, once it is executed. */
  get pid(): number | undefined {
    return this.#pid
  }

  /** Its relay has connected. */
  get hasBegun(): boolean {
    return this.#control !== undefined
  }

  /** undefined until it has ended. */
  get end(): ProgramEnd | undefined {
    return this.#end
  }

  /** Does to the program what kill(2) does. @returns false when there is none */
  signal(signal: number): boolean {
    return this.#tell(encodeNews(News.signal, signal))
  }

  /** Resizes its terminal. @returns false when there is no program */
  resize(size: Size): boolean {
    return this.#tell(encodeNews(News.size, valueOfSize(size)))
  }

  /** The machine has not begun it. @param errno untrusted */
  refused(errno: number): void {
    if (this.#control !== undefined) return
    this.#end ??= {errno, of: 'machine'}
    this.#finish()
  }

  /** Wants no more of it: its relay ends when it notices, and the program with it. */
  abandon(): void {
    for (const stream of this.#accepted) stream.destroy()
    this.#finish()
  }

  #tell(news: Uint8Array): boolean {
    if (this.#control === undefined || this.#end !== undefined) return false
    this.#control.write(news)
    return true
  }

  #begin(control: Duplex): void {
    this.#control = control
    control.write(this.#encoded)
    control.on('data', (bytes: Uint8Array) => this.#hear(bytes))
    control.on('error', () => {})
    control.on('close', () => this.#finish())
  }

  /** Untrusted: an attacker who has broken into the machine's kernel may have sent it. */
  #hear(bytes: Uint8Array): void {
    if (this.#end !== undefined) return
    this.#received = Buffer.concat([this.#received, bytes])
    for (; this.#received.length >= NEWS_BYTES; this.#received = this.#received.subarray(NEWS_BYTES)) {
      const [kind, value] = [this.#received.readUInt32LE(0), this.#received.readUInt32LE(4)]
      if (kind === News.started) this.#started(value)
      else {
        this.#end = endOf(kind, value)
        // Streams that connected before this news are taken first. If no program was started, nothing writes to the streams, and nothing
        // ends them.
        const settle = (): unknown =>
          Promise.all('errno' in this.#end! ? [] : this.#outputs).then(() => this.#finish())
        setImmediate(settle)
        return
      }
    }
  }

  #started(pid: number): void {
    if (this.#pid !== undefined) return
    this.#pid = pid
    this.#onStart()
  }

  /** Acts once. */
  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    // The relay waits for this, and then ends.
    this.#control?.end()
    this.#onEnd()
  }

  #feed(stream: Duplex): void {
    stream.on('error', () => {})
    // A pipe's stream carries nothing back, so discard it.
    if (this.#order.terminal === undefined) stream.resume()
    else this.#drain(stream, this.#streams.stdout)
    this.#streams.stdin().pipe(stream)
  }

  #drain(stream: Duplex, to: Writable): void {
    this.#outputs.push(
      new Promise((resolve) => {
        stream.on('close', resolve)
        stream.on('end', () => to.write('', () => resolve()))
        // The reader is gone: the program notices as with any pipe.
        to.on('close', () => stream.destroy())
        to.on('error', () => {
          stream.destroy()
          resolve()
        })
      }),
    )
    stream.pipe(to, {end: false})
  }
}

function endOf(kind: number, value: number): ProgramEnd {
  if (kind === News.notExecuted) return {errno: value, of: 'program'}
  if (kind === News.noDirectory) return {errno: value, of: 'directory'}
  if (kind === News.notBegun) return {errno: value, of: 'machine'}
  const signal = value & 0x7f
  // wait(2): WIFEXITED, WEXITSTATUS, WTERMSIG.
  if (signal < LEAST_SIGNAL || signal > MOST_SIGNAL) return {exitCode: (value >> 8) & 0xff}
  return {signal}
}
