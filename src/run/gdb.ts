// GdbRun: a program that gdb may stop: between two turns of the kernel's loop, Node's own loop serves the socket.

import {writeSync} from 'node:fs'
import {type GdbAddress, targetRemote} from '../gdb/address.ts'
import {GdbServer} from '../gdb/server.ts'
import {DebuggedProgram} from '../sentry/debug/debugged-program.ts'
import type {Kernel} from '../sentry/kernel.ts'
import type {Process} from '../sentry/process.ts'

const STDERR = 2

export class GdbRun {
  readonly #server: GdbServer
  #kernel: Kernel | undefined
  #program: DebuggedProgram | undefined
  /** What the platform watches. */
  #watched: readonly number[] = []

  private constructor(server: GdbServer) {
    this.#server = server
  }

  /** Before there is a jail: nobody can listen in it. @throws HvError BAD_ARGUMENT */
  static async listen(address: GdbAddress): Promise<GdbRun> {
    return new GdbRun(await GdbServer.listen(address))
  }

  /**
   * The program, which has not run, waits for gdb.
   * @param hostPath the file of the host's that it runs, a byte string
   */
  begin(kernel: Kernel, process: Process, hostPath?: string): void {
    const program = new DebuggedProgram(kernel, process, hostPath)
    this.#kernel = kernel
    this.#program = program
    this.#server.onLeft = () => {
      if (program.isStopped && process.exit === undefined) tell('gdb has left: the program waits for another')
      program.leave()
    }
    this.#server.serve(program)
    const {onReady} = kernel
    kernel.onReady = (fd) => {
      if (this.#watched.includes(fd)) kernel.pause()
      else onReady?.(fd)
    }
    this.#watch()
    tell(`waiting for gdb: ${targetRemote(this.#server.address)}`)
  }

  /** The kernel was paused: tells gdb what there is, and hears what it says. */
  async serve(): Promise<void> {
    // Behind what the loop finds when it looks at its descriptors.
    await new Promise((resolve) => setImmediate(resolve))
    // What gdb has just asked for may have come about: nobody would be woken for it.
    this.#program?.report()
    this.#watch()
  }

  /** The program has ended, or did not begin. */
  async close(): Promise<void> {
    this.#program?.report()
    await this.#server.close()
  }

  #watch(): void {
    const {platform} = this.#kernel!
    const {descriptors} = this.#server
    const now = descriptors.map(([fd]) => fd)
    for (const fd of this.#watched) if (!now.includes(fd)) platform.watch(fd, 0)
    // A number may be another socket's by now.
    for (const [fd, events] of descriptors) platform.watch(fd, events)
    this.#watched = now
  }
}

function tell(line: string): void {
  try {
    writeSync(STDERR, `hv: ${line}\n`)
  } catch {
    // Nobody reads it, or not now.
  }
}
