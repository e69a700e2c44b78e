// ProgramStreams: the owner's ends of a live run's standard streams, each with a window; LiveStreams has the other ends.

import {Readable, Writable} from 'node:stream'
import type {SandboxTerminalSize} from '../../protocol/terminal-size.ts'
import {InputWindow} from './input-window.ts'
import type {LiveMessage, LiveRun} from './live-run.ts'
import {OutputWindow} from './output-window.ts'

export class ProgramStreams implements LiveRun {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Whether they are one terminal, whose output comes as descriptor 1's. */
  readonly isTerminal: boolean
  /** The pid of the program's first process, once there is one. */
  pid: number | undefined
  #send: ((message: LiveMessage) => void) | undefined
  /** Sent before the program is there. */
  #signals: number[] = []
  #size: SandboxTerminalSize | undefined
  #hasEnded = false
  readonly #input = new InputWindow((bytes, isEnd) => this.#send?.({kind: 'input', bytes, isEnd}))
  readonly #outputs: Record<1 | 2, Output>

  constructor(isTerminal = false) {
    this.isTerminal = isTerminal
    const input = this.#input
    this.stdin = new Writable({
      write: (chunk: Buffer, _encoding, done) => input.write(chunk, done),
      final: (done) => input.end(done),
      destroy: (error, done) => {
        input.end(() => {})
        done(error)
      },
    })
    this.#outputs = {
      1: new Output(1, (said) => this.#send?.(said)),
      2: new Output(2, (said) => this.#send?.(said)),
    }
    this.stdout = this.#outputs[1].stream
    this.stderr = this.#outputs[2].stream
    if (isTerminal) this.#outputs[2].finish()
  }

  began(send: (message: LiveMessage) => void): void {
    this.#send = send
    this.#input.begin()
    for (const output of Object.values(this.#outputs)) output.begin()
    if (this.#size !== undefined) this.resize(this.#size)
    for (const signal of this.#signals.splice(0)) this.signal(signal)
  }

  /** Before the program is there, the last size counts. */
  resize({columns, rows}: SandboxTerminalSize): void {
    this.#size = {columns, rows}
    this.#send?.({kind: 'resize', columns, rows})
  }

  signal(signal: number): void {
    if (this.#send !== undefined) this.#send({kind: 'signal', signal})
    else if (!this.#hasEnded && !this.#signals.includes(signal)) this.#signals.push(signal)
  }

  received(reply: Parameters<LiveRun['received']>[0]): void {
    if (reply.kind === 'started') this.pid = reply.pid
    else if (reply.kind === 'took') this.#input.took(reply.bytes)
    else this.#outputs[reply.fd].push(reply.bytes)
  }

  /** The run has ended, or never began. */
  finish(): void {
    this.#send = undefined
    this.#hasEnded = true
    this.#input.finish()
    for (const output of Object.values(this.#outputs)) output.finish()
  }
}

class Output {
  readonly stream: Readable
  readonly #fd: 1 | 2
  readonly #send: (message: LiveMessage) => void
  readonly #window: OutputWindow

  constructor(fd: 1 | 2, send: (message: LiveMessage) => void) {
    this.#fd = fd
    this.#send = send
    this.stream = new Readable({
      read: () => this.#window.want(),
      destroy: (error, done) => {
        if (!this.#window.isOver) this.#send({kind: 'shut', fd})
        this.#window.close()
        done(error)
      },
    })
    this.#window = new OutputWindow(this.stream, (bytes) => this.#send({kind: 'room', fd, bytes}))
  }

  /** The stream may have been closed before its program was there. */
  begin(): void {
    if (this.#window.isOver) this.#send({kind: 'shut', fd: this.#fd})
  }

  push(bytes: Uint8Array): void {
    this.#window.push(bytes)
  }

  finish(): void {
    this.#window.finish()
  }
}
