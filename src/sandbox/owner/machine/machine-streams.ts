// MachineStreams: the owner's ends of the standard streams of a program in a machine; a vsock stream each has the other ends.

import {PassThrough} from 'node:stream'
import type {ProgramLink} from '../../../machine/program/program-link.ts'
import {WINDOW_BYTES} from '../../protocol/messages.ts'
import type {SandboxTerminalSize} from '../../protocol/terminal-size.ts'
import type {OwnerStreams} from '../sandbox-process.ts'

export class MachineStreams implements OwnerStreams {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough({highWaterMark: WINDOW_BYTES})
  readonly stderr = new PassThrough({highWaterMark: WINDOW_BYTES})
  readonly isTerminal: boolean
  #link: ProgramLink | undefined
  #hasStarted = false
  #hasEnded = false
  /** Sent before the program is there. */
  readonly #signals = new Set<number>()
  #size: SandboxTerminalSize | undefined

  constructor(isTerminal: boolean) {
    this.isTerminal = isTerminal
    if (isTerminal) this.stderr.end()
  }

  get pid(): number | undefined {
    return this.#link?.pid
  }

  /** For a ProgramLink. */
  get ends() {
    return {stdin: () => this.stdin, stdout: this.stdout, stderr: this.stderr}
  }

  signal(signal: number): void {
    if (this.#hasEnded) return
    if (!this.#hasStarted) this.#signals.add(signal)
    else this.#link!.signal(signal)
  }

  /** Before the program is there, the last size counts. */
  resize(size: SandboxTerminalSize): void {
    this.#size = size
    if (this.#hasStarted) this.#link!.resize(size)
  }

  began(link: ProgramLink): void {
    this.#link = link
  }

  /** The program is executed. */
  started(): void {
    this.#hasStarted = true
    if (this.#size !== undefined) this.resize(this.#size)
    for (const signal of this.#signals) this.signal(signal)
  }

  /** Nothing more comes, and what is written to its input goes nowhere. */
  finish(): void {
    this.#hasEnded = true
    this.stdin.unpipe()
    this.stdin.resume()
    this.stdout.end()
    this.stderr.end()
  }
}
