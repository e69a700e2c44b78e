// AttachPoint: where `hv gdb` attaches to a program that runs. What gdb needs is loaded when it does.

import {EPOLLET, EPOLLIN} from '../../abi/poll.ts'
import {addon} from '../../addon.ts'
import type {Kernel} from '../../sentry/core/kernel.ts'
import type {Process} from '../../sentry/core/process.ts'
import type {AttachedGdb} from './attached-gdb.ts'

/** Descriptors: what `hv gdb` writes to and reads from, and the other ends. */
export interface Pipes {
  readonly input: number
  readonly inputEnd: number
  readonly output: number
}

/** Once for each change: without a writer, a pipe is ready for ever. */
export const WATCHED = EPOLLIN | EPOLLET

export class AttachPoint {
  readonly #kernel: Kernel
  readonly #process: Process
  readonly #pipes: Pipes
  #isReady = false
  #attached: AttachedGdb | undefined

  private constructor(kernel: Kernel, process: Process, pipes: Pipes) {
    this.#kernel = kernel
    this.#process = process
    this.#pipes = pipes
    kernel.observers.push({
      ready: (fd) => {
        if (fd !== pipes.input && fd !== pipes.output) return
        this.#isReady = true
        kernel.pause()
      },
    })
    kernel.platform.watch(pipes.input, WATCHED)
  }

  /** @param process what is debugged */
  static open(kernel: Kernel, process: Process): AttachPoint | undefined {
    try {
      const [input, inputEnd, , output] = addon.openGdbPipes()
      return new AttachPoint(kernel, process, {input, inputEnd, output})
    } catch (error) {
      // Without descriptors a program can run, and cannot be debugged.
      if ((error as {errno?: number}).errno === undefined) throw error
      return undefined
    }
  }

  /** The kernel was paused: hears gdb, if that is why. */
  async serve(): Promise<void> {
    if (this.#attached === undefined) {
      if (!this.#isReady) return
      const {AttachedGdb} = await import('./attached-gdb.ts')
      this.#attached = new AttachedGdb(this.#kernel, this.#process, this.#pipes)
    }
    this.#attached.serve()
  }

  /** gdb debugs something. */
  get isHeld(): boolean {
    return this.#attached?.isHeld === true
  }

  /** The program has ended: tells gdb. */
  async report(): Promise<void> {
    await this.#attached?.report()
  }
}
