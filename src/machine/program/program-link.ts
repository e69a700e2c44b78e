// ProgramLink: the host's side of a program in a machine: its order, streams, signals and end, by vsock with hv's first process there.

import type {Duplex, Readable, Writable} from 'node:stream'
import type {VirtioVsock} from '../devices/virtio-vsock.ts'
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

/** How it ended: one of these. */
export type ProgramEnd =
  | {readonly exitCode: number}
  | {readonly signal: number}
  /** There was no program: execve(2)'s errno, or chdir(2)'s. */
  | {readonly errno: number; readonly ofDirectory: boolean}

export interface ProgramStreams {
  /** Called when the machine asks for it. */
  readonly stdin: () => Readable
  readonly stdout: Writable
  /** Without a terminal. */
  readonly stderr: Writable
}

const LEAST_SIGNAL = 1
const MOST_SIGNAL = 64

export class ProgramLink {
  readonly #order: MachineOrder
  readonly #streams: ProgramStreams
  readonly #outputs: Promise<void>[] = []
  readonly #onEnd: () => void
  #control: Duplex | undefined
  #received: Buffer = Buffer.alloc(0)
  #end: ProgramEnd | undefined

  /**
   * Before the machine runs. The first connection to each port is its first process's: there is nobody else yet, and later ones are refused.
   * @param onEnd called once, when it has ended and all its output is handed over
   * @throws HvError BAD_ARGUMENT
   */
  constructor(vsock: VirtioVsock, order: MachineOrder, streams: ProgramStreams, onEnd: () => void) {
    this.#order = order
    this.#streams = streams
    this.#onEnd = onEnd
    const encoded = encodeOrder(order)
    const once = (port: number, take: (stream: Duplex) => void): void => {
      const stop = vsock.listen(port, (stream) => {
        stop()
        take(stream)
      })
    }
    once(CONTROL_PORT, (stream) => this.#begin(stream, encoded))
    if (order.terminal !== undefined) {
      once(INPUT_PORT, (stream) => {
        this.#feed(stream)
        this.#drain(stream, streams.stdout)
      })
      return
    }
    once(INPUT_PORT, (stream) => this.#feed(stream))
    once(OUTPUT_PORT, (stream) => this.#drain(stream, streams.stdout))
    once(ERROR_PORT, (stream) => this.#drain(stream, streams.stderr))
  }

  /** undefined: it has not ended. */
  get end(): ProgramEnd | undefined {
    return this.#end
  }

  /** What kill(2) does to the program. @returns false: there is none */
  signal(signal: number): boolean {
    return this.#tell(encodeNews(News.signal, signal))
  }

  /** Of its terminal. @returns false: there is no program */
  resize(size: Size): boolean {
    return this.#tell(encodeNews(News.size, valueOfSize(size)))
  }

  #tell(news: Uint8Array): boolean {
    if (this.#control === undefined || this.#end !== undefined) return false
    this.#control.write(news)
    return true
  }

  #begin(control: Duplex, order: Uint8Array): void {
    this.#control = control
    control.write(order)
    control.on('data', (bytes: Uint8Array) => this.#hear(bytes))
  }

  /** An allegation: whoever has broken into the machine's kernel says it. */
  #hear(bytes: Uint8Array): void {
    if (this.#end !== undefined) return
    this.#received = Buffer.concat([this.#received, bytes])
    if (this.#received.length < NEWS_BYTES) return
    this.#end = endOf(this.#received.readUInt32LE(0), this.#received.readUInt32LE(4))
    // Without a program there is nobody who writes, and nobody who ends the streams.
    void Promise.all('errno' in this.#end ? [] : this.#outputs).then(this.#onEnd)
  }

  #feed(stream: Duplex): void {
    // A terminal's stream is read by somebody else, one of a pipe by nobody: it has nothing to say.
    if (this.#order.terminal === undefined) stream.resume()
    this.#streams.stdin().pipe(stream)
  }

  #drain(stream: Duplex, to: Writable): void {
    this.#outputs.push(
      new Promise((resolve) => {
        stream.on('close', resolve)
        stream.on('end', () => to.write('', () => resolve()))
        // Nobody reads it any more: the program hears of it as of any pipe.
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
  if (kind === News.noDirectory || kind === News.notExecuted)
    return {errno: value, ofDirectory: kind === News.noDirectory}
  const signal = value & 0x7f
  // wait(2): WIFEXITED, WEXITSTATUS, WTERMSIG.
  if (signal < LEAST_SIGNAL || signal > MOST_SIGNAL) return {exitCode: (value >> 8) & 0xff}
  return {signal}
}
