// MachineStreams: passes this process's standard streams and signals to a program in a machine.

import {constants} from 'node:os'
import type {Readable} from 'node:stream'
import {rawTerminal} from '../machine/console/raw-terminal.ts'
import type {Size} from '../machine/program/order.ts'
import type {ProgramLink, ProgramStreams} from '../machine/program/program-link.ts'

const STDIN = 0
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const

export class MachineStreams implements ProgramStreams, Disposable {
  readonly stdout = process.stdout
  readonly stderr = process.stderr
  /** The terminal's size, when both input and output are one: the program gets a terminal, too. */
  readonly size: Size | undefined
  readonly #handlers = new Map<NodeJS.Signals, () => void>()
  readonly #resized = (): void => {
    this.#link?.resize(sizeOf(process.stdout))
  }
  #link: ProgramLink | undefined
  #raw: Disposable | undefined

  /** Call it before a jail closes, in which no terminal is opened. @param end ends a machine in which there is no program yet */
  constructor(end: (signal: number) => void) {
    const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true
    this.size = isTerminal ? sizeOf(process.stdout) : undefined
    for (const name of SIGNALS) {
      const number = constants.signals[name]
      const pass = (): void => {
        if (!this.#link?.signal(number) && name !== 'SIGCONT') end(number)
      }
      this.#handlers.set(name, pass)
      process.on(name, pass)
    }
    if (isTerminal) process.stdout.on('resize', this.#resized)
  }

  begin(link: ProgramLink): void {
    this.#link = link
  }

  /** Until the program asks for it, the terminal's ^C ends hv. */
  stdin(): Readable {
    if (this.size !== undefined) this.#raw = rawTerminal(STDIN, {hasTerminal: true})
    return process.stdin
  }

  [Symbol.dispose](): void {
    this.#raw?.[Symbol.dispose]()
    process.stdout.off('resize', this.#resized)
    for (const [name, pass] of this.#handlers) process.off(name, pass)
    // Otherwise it keeps this process alive.
    process.stdin.destroy()
  }
}

const sizeOf = ({rows, columns}: NodeJS.WriteStream): Size => ({rows, columns})
