// AttachedGdb: gdb at the other end of an AttachPoint's pipes, and the program while gdb debugs it.

import {closeSync, readSync, writeSync} from 'node:fs'
import {setTimeout} from 'node:timers/promises'
import {EPOLLONESHOT, EPOLLOUT} from '../../abi/poll.ts'
import {Session} from '../../gdb/session.ts'
import type {Kernel} from '../../sentry/core/kernel.ts'
import type {Process} from '../../sentry/core/process.ts'
import {DebuggedProgram} from '../../sentry/debug/debugged-program.ts'
import {type Pipes, WATCHED} from './attach-point.ts'
import {answerTo, findHello} from './hello.ts'

const PIECE = 1 << 16
/** Pieces between two turns of the kernel: who writes without end must not hold the program. */
const MOST_AT_ONCE = 16
/** The most answers, in bytes, that gdb may leave unread. */
const MAX_UNREAD = 1 << 22
/** How long sending the last answers may take, and how long until the next try. */
const LAST_WORDS_MS = 1000
const AGAIN_MS = 10

export class AttachedGdb {
  readonly #kernel: Kernel
  readonly #process: Process
  readonly #pipes: Pipes
  readonly #piece = Buffer.alloc(PIECE)
  /** The input ends when `hv gdb` does: the other end here is closed. */
  #ends = false
  #program: DebuggedProgram | undefined
  #session: Session | undefined
  /** Byte strings. */
  #unsent = ''

  constructor(kernel: Kernel, process: Process, pipes: Pipes) {
    this.#kernel = kernel
    this.#process = process
    this.#pipes = pipes
  }

  get isHeld(): boolean {
    return this.#program?.isHeld === true
  }

  /** Between two turns of the kernel's loop. */
  serve(): void {
    this.#flush()
    for (let left = MOST_AT_ONCE; ; left--) {
      if (left === 0) {
        // The rest when the program has run: as if it had just come.
        this.#kernel.platform.watch(this.#pipes.input, WATCHED)
        break
      }
      const bytes = this.#read()
      if (bytes === undefined) break
      if (bytes.length === 0) {
        this.#leave()
        break
      }
      this.#hear(bytes)
    }
    this.#program?.report()
  }

  /** The program has ended. */
  async report(): Promise<void> {
    this.#program?.report()
    for (let ms = 0; this.#unsent !== '' && ms < LAST_WORDS_MS; ms += AGAIN_MS) {
      await setTimeout(AGAIN_MS)
      this.#flush()
    }
  }

  /** @returns undefined: nothing has come; empty: `hv gdb` is gone */
  #read(): Buffer | undefined {
    const length = unlessBusy(() => readSync(this.#pipes.input, this.#piece))
    return length === undefined ? undefined : this.#piece.subarray(0, length)
  }

  #hear(bytes: Buffer): void {
    const hello = findHello(bytes)
    if (hello !== undefined) this.#begin(hello.nonce)
    this.#session?.receive(hello?.rest ?? bytes)
  }

  #begin(nonce: string): void {
    this.#leave()
    this.#unsent = ''
    if (!this.#ends) closeSync(this.#pipes.inputEnd)
    this.#ends = true
    const why = this.#whyNot()
    this.#send(answerTo(nonce, why))
    if (why !== undefined) return
    if (this.#program === undefined || this.#program.isLeft)
      this.#program = new DebuggedProgram(this.#kernel, this.#process, true)
    const session = new Session(this.#program, {
      send: (bytes) => this.#send(bytes),
      close: () => {
        if (this.#session === session) this.#leave()
      },
    })
    this.#session = session
  }

  #whyNot(): string | undefined {
    if (this.#process.exit !== undefined) return 'its program has ended'
    if (this.#process.tasks.some(({tracing}) => tracing !== undefined))
      return 'a debugger in the guest traces its program'
    return undefined
  }

  /** The program runs on. */
  #leave(): void {
    const session = this.#session
    if (session === undefined) return
    this.#session = undefined
    session.end()
    if (this.#program?.isLeft === false) this.#program.leave()
  }

  #send(bytes: string): void {
    if (this.#unsent.length + bytes.length > MAX_UNREAD) {
      this.#unsent = ''
      this.#leave()
      return
    }
    this.#unsent += bytes
    this.#flush()
  }

  #flush(): void {
    while (this.#unsent !== '') {
      const bytes = Buffer.from(this.#unsent.slice(0, PIECE), 'latin1')
      const length = unlessBusy(() => writeSync(this.#pipes.output, bytes))
      if (length === undefined) {
        this.#kernel.platform.watch(this.#pipes.output, EPOLLOUT | EPOLLONESHOT)
        return
      }
      this.#unsent = this.#unsent.slice(length)
    }
  }
}

/** @returns undefined: it would have to wait @throws the system error */
function unlessBusy(act: () => number): number | undefined {
  try {
    return act()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    return undefined
  }
}
