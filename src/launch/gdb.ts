// gdb in a launch: the socket on which hv waits for gdb, and the program or machine that gdb may stop.

import {resolve} from 'node:path'
import {attempt} from '../errors.ts'
import {type GdbAddress, targetRemote} from '../gdb/address.ts'
import {GdbServer} from '../gdb/server.ts'
import {DebuggedMachine} from '../machine/debug/debugged-machine.ts'
import type {Debugger} from '../machine/debug/debugging.ts'
import type {Kernel} from '../sentry/core/kernel.ts'
import type {Process} from '../sentry/core/process.ts'
import {DebuggedProgram} from '../sentry/debug/debugged-program.ts'
import type {StartedProgram} from '../sentry/outside/started-program.ts'
import {debugLimits} from '../vm/debug.ts'
import {GdbPrograms, type ProgramChanges} from './gdb-programs.ts'
import {tell} from './tell.ts'

/**
 * Call it before there is a jail: nothing can listen in it.
 * @param writable paths in which guests may write: gdb's socket cannot be there
 * @param isMachine a machine is debugged, or may be: in a jail it could not be asked what its vCPUs can stop for
 * @throws HvError BAD_ARGUMENT
 */
export async function listenForGdb(
  address: GdbAddress,
  writable: readonly string[],
  isMachine: boolean,
): Promise<GdbServer> {
  // The answers are remembered. Making the machine will report what is wrong with KVM.
  if (isMachine) attempt(debugLimits)
  return GdbServer.listen(address, writable)
}

/** @param path a host file, as hv's user named it. @returns a byte string */
const hostPathOf = (path: string): string => Buffer.from(resolve(path)).toString('latin1')

/** It has not run, and waits for gdb. @param hasEnded nothing of it stands still when gdb leaves */
function serveTo(
  server: GdbServer,
  debugged: DebuggedProgram | DebuggedMachine,
  what: 'program' | 'machine',
  hasEnded: () => boolean,
): void {
  server.onLeft = () => {
    if (debugged.isStopped && !hasEnded()) tell(`gdb has left: the ${what} waits for another`)
    debugged.leave()
  }
  server.serve(debugged)
  tell(`waiting for gdb: ${targetRemote(server.address)}`)
}

/** A program that gdb may stop. Between two turns of the kernel's loop, Node's own loop serves the socket. */
export class GdbProgram {
  readonly #server: GdbServer
  #kernel: Kernel | undefined
  #program: DebuggedProgram | undefined
  #programs: GdbPrograms | undefined
  /** The descriptors that the platform watches for gdb. */
  #watched: readonly number[] = []

  constructor(server: GdbServer) {
    this.#server = server
  }

  /**
   * The program has not run, and waits for gdb.
   * @param first what gdb changes for another one
   * @param load one that takes its place when it has ended. @throws HvError
   */
  begin(
    kernel: Kernel,
    process: Process,
    first: ProgramChanges,
    load: (changes: ProgramChanges) => StartedProgram,
  ): void {
    const program = new DebuggedProgram(kernel, process)
    let last = process
    this.#programs = new GdbPrograms(first, load, (next) => {
      last = next
      program.begin(next)
    })
    program.programs = this.#programs
    this.#kernel = kernel
    this.#program = program
    serveTo(this.#server, program, 'program', () => last.exit !== undefined)
    kernel.observers.push({
      ready: (fd) => {
        if (this.#watched.includes(fd)) kernel.pause()
      },
    })
    this.#watch()
  }

  /** The kernel was paused: reports news to gdb, and hears its commands. */
  async serve(): Promise<void> {
    // After what the loop finds when it looks at its descriptors.
    await new Promise((resolve) => setImmediate(resolve))
    // What gdb has just asked for may have happened already: then nothing would wake anyone for it.
    this.#program?.report()
    this.#watch()
  }

  /** The program stands still, and no gdb is there; or gdb is, and the program has ended. */
  get isAlone(): boolean {
    return this.#program?.isStopped === true && !(this.#program.isHeld && this.#program.hasProcess)
  }

  /** Ends all that is debugged. */
  end(signal: number): void {
    this.#program?.kill(undefined, signal)
    if (this.#programs !== undefined) this.#programs.stays = false
    this.#kernel?.pause()
  }

  /** gdb debugs something, or may start another program, and has not. */
  get isHeld(): boolean {
    return this.#program?.isHeld === true && !this.#programs!.hasNext
  }

  /** The program that gdb has started. */
  takeNext(): StartedProgram | undefined {
    return this.#programs?.takeNext()
  }

  /** The program has ended. */
  report(): void {
    this.#program?.report()
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

/** A machine that gdb may stop. Node's own loop, which turns while vCPUs run, serves the socket. */
export class GdbMachine {
  readonly #server: GdbServer
  readonly #executable: string | undefined
  #machine: DebuggedMachine | undefined

  /** @param program the file that it runs, if gdb can read it */
  constructor(server: GdbServer, program?: string) {
    this.#server = server
    this.#executable = program && hostPathOf(program)
  }

  readonly debug: Debugger = (parts) => {
    this.#machine = new DebuggedMachine(parts, this.#executable)
    return this.#machine
  }

  /** The machine has not run, and waits for gdb. */
  begin(): void {
    const machine = this.#machine!
    serveTo(this.#server, machine, 'machine', () => machine.threads().length === 0)
  }
}
