// GdbRun: a program that gdb may stop. Between two turns of the kernel's loop, Node's own loop serves the socket.

import type {GdbServer} from '../gdb/server.ts'
import type {Kernel} from '../sentry/core/kernel.ts'
import type {Process} from '../sentry/core/process.ts'
import {DebuggedProgram} from '../sentry/debug/debugged-program.ts'
import {tellLeft, tellWaiting} from './gdb-server.ts'

export class GdbRun {
  readonly #server: GdbServer
  #kernel: Kernel | undefined
  #program: DebuggedProgram | undefined
  /** The descriptors that the platform watches for gdb. */
  #watched: readonly number[] = []

  constructor(server: GdbServer) {
    this.#server = server
  }

  /**
   * The program has not run, and waits for gdb.
   * @param hostPath the host file that it runs, a byte string
   */
  begin(kernel: Kernel, process: Process, hostPath?: string): void {
    const program = new DebuggedProgram(kernel, process, hostPath)
    this.#kernel = kernel
    this.#program = program
    this.#server.onLeft = () => {
      if (program.isStopped && process.exit === undefined) tellLeft('program')
      program.leave()
    }
    this.#server.serve(program)
    const {onReady} = kernel
    kernel.onReady = (fd) => {
      if (this.#watched.includes(fd)) kernel.pause()
      else onReady?.(fd)
    }
    this.#watch()
    tellWaiting(this.#server)
  }

  /** The kernel was paused: reports news to gdb, and hears its commands. */
  async serve(): Promise<void> {
    // After what the loop finds when it looks at its descriptors.
    await new Promise((resolve) => setImmediate(resolve))
    // What gdb has just asked for may have happened already: then nothing would wake anyone for it.
    this.#program?.report()
    this.#watch()
  }

  /** The program has ended, or was never started. */
  async close(): Promise<void> {
    this.#program?.report()
    await this.#server.close()
  }

  #watch(): void {
    const {platform} = this.#kernel!
    const {descriptors} = this.#server
    const now = descriptors.map(([fd]) => fd)
    for (const fd of this.#watched) if (!now.includes(fd)) platform.watch(fd, 0)
    // A number may meanwhile be another socket's.
    for (const [fd, events] of descriptors) platform.watch(fd, events)
    this.#watched = now
  }
}
