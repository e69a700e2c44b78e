// LineTracer: hv run --trace: strace's lines, one a system call.

import {defaultAction, SIG_DFL} from '../../abi/signal.ts'
import type {Row} from '../syscalls/syscall.ts'
import type {Task} from '../task.ts'
import type {Tracer} from '../tracer.ts'
import {type BegunCall, CallDecoder} from './call-decoder.ts'
import type {CallRecord} from './call-record.ts'
import {formatCall, formatOpening} from './format-line.ts'
import {LineWriter} from './line-writer.ts'
import {signalName} from './names/signals.ts'
import {showSiginfo} from './text/siginfo.ts'

export class LineTracer implements Tracer {
  readonly #decoder = new CallDecoder()
  readonly #writer: LineWriter
  readonly #begun = new Map<Task, BegunCall>()
  /** How a sleeping call's line begins, as it was written. */
  readonly #openings = new Map<Task, string>()
  /** Whose line is written in part, and waits for its end. */
  #open: Task | undefined

  /** @param fd a host descriptor; it stays the caller's */
  constructor(fd: number) {
    this.#writer = new LineWriter(fd)
  }

  enter(task: Task, row: Row | undefined): void {
    this.#begun.set(task, this.#decoder.begin(task, row))
  }

  /** The call sleeps: shows what is known of it. */
  blocked(task: Task): void {
    const begun = this.#begun.get(task)
    if (begun === undefined) return
    this.#breakLine()
    const opening = formatOpening(begun.call.name, begun.args)
    this.#openings.set(task, opening)
    this.#open = task
    this.#writer.write(opening)
    this.#writer.flush()
  }

  leave(task: Task, result: number | undefined): void {
    const begun = this.#take(task)
    if (begun !== undefined) this.#write(task, this.#decoder.end(begun, result))
  }

  signal(task: Task, signal: number, info: Uint8Array): void {
    this.#endInterrupted(task, signal)
    this.#breakLine()
    this.#writer.write(`--- ${signalName(signal)} ${showSiginfo(info)} ---\n`)
    this.#writer.flush()
  }

  exited(code: number | undefined, signal: number | undefined): void {
    for (const task of [...this.#begun.keys()]) this.#abandon(task)
    this.#breakLine()
    const how = signal === undefined ? `exited with ${code ?? 0}` : `killed by ${signalName(signal)}`
    this.#writer.write(`+++ ${how} +++\n`)
    this.#writer.end()
  }

  /** A signal that ends the process ends the call first. */
  #endInterrupted(task: Task, signal: number): void {
    if (!this.#begun.has(task)) return
    const action = defaultAction(signal)
    const isFatal =
      task.signals.process.action(signal).handler === SIG_DFL && (action === 'terminate' || action === 'core')
    if (!isFatal) return
    const begun = this.#take(task)!
    this.#write(task, this.#decoder.interrupt(begun, task.wait?.restart ?? 'never'))
  }

  #abandon(task: Task): void {
    this.#write(task, this.#decoder.abandon(this.#take(task)!))
  }

  #take(task: Task): BegunCall | undefined {
    const begun = this.#begun.get(task)
    this.#begun.delete(task)
    return begun
  }

  #write(task: Task, record: CallRecord): void {
    const line = formatCall(record)
    const opening = this.#openings.get(task)
    if (opening === undefined) {
      this.#breakLine()
      this.#writer.write(`${line}\n`)
      return
    }
    this.#openings.delete(task)
    // The arguments were known in order, so the line begins as it was written.
    const rest = line.slice(opening.length)
    if (this.#open === task) this.#writer.write(`${rest}\n`)
    else {
      this.#breakLine()
      this.#writer.write(`<... ${record.name} resumed>${rest}\n`)
    }
    this.#open = undefined
  }

  /** Another line comes between a sleeping call's begin and its end. */
  #breakLine(): void {
    if (this.#open === undefined) return
    this.#open = undefined
    this.#writer.write(' <unfinished ...>\n')
  }
}
