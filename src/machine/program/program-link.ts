// ProgramLink: the host's side of a program in a machine: its order, streams, signals and end, over vsock with hv's first process there.

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

/** How the program ended: one of these. */
export type ProgramEnd =
  | {readonly exitCode: number}
  | {readonly signal: number}
  /** It was not started: the errno of execve(2), or of chdir(2). */
  | {readonly errno: number; readonly ofDirectory: boolean}

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
  #control: Duplex | undefined
  #received: Buffer = Buffer.alloc(0)
  #end: ProgramEnd | undefined

  /**
   * Before the machine runs. The first connection to each port is its first process's: nothing else runs yet; later ones are refused.
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

  /** The machine's first process has connected. */
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

  /** Untrusted: an attacker who has broken into the machine's kernel may have sent it. */
  #hear(bytes: Uint8Array): void {
    if (this.#end !== undefined) return
    this.#received = Buffer.concat([this.#received, bytes])
    if (this.#received.length < NEWS_BYTES) return
    this.#end = endOf(this.#received.readUInt32LE(0), this.#received.readUInt32LE(4))
    // If no program was started, nothing writes to the streams, and nothing ends them.
    void Promise.all('errno' in this.#end ? [] : this.#outputs).then(this.#onEnd)
  }

  #feed(stream: Duplex): void {
    // `#drain` reads a terminal's stream. A pipe's stream carries nothing back, so discard it.
    if (this.#order.terminal === undefined) stream.resume()
    this.#streams.stdin().pipe(stream)
  }

  #drain(stream: Duplex, to: Writable): void {
    this.#outputs.push(
      new Promise((resolve) => {
        stream.on('close', resolve)
        stream.on('end', () => to.write('', () => resolve()))
        // The reader is gone: the program notices as with any pipe.
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
