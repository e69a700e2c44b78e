// GdbMachine: a machine that gdb may stop. Node's own loop, which turns while vCPUs run, serves the socket.

import {resolve} from 'node:path'
import type {GdbServer} from '../gdb/server.ts'
import {DebuggedMachine} from '../machine/debug/debugged-machine.ts'
import type {Debugger} from '../machine/debug/debugging.ts'
import {tellLeft, tellWaiting} from './gdb-server.ts'

export class GdbMachine {
  readonly #server: GdbServer
  readonly #executable: string | undefined
  #machine: DebuggedMachine | undefined

  /** @param program the file that it runs, if gdb can read it */
  constructor(server: GdbServer, program?: string) {
    this.#server = server
    this.#executable = program === undefined ? undefined : Buffer.from(resolve(program)).toString('latin1')
  }

  readonly debug: Debugger = (parts) => {
    this.#machine = new DebuggedMachine(parts, this.#executable)
    return this.#machine
  }

  /** The machine has not run, and waits for gdb. */
  begin(): void {
    const machine = this.#machine!
    this.#server.onLeft = () => {
      if (machine.isStopped && machine.threads().length > 0) tellLeft('machine')
      machine.leave()
    }
    this.#server.serve(machine)
    tellWaiting(this.#server)
  }

  /** The machine has ended. */
  async close(): Promise<void> {
    await this.#server.close()
  }
}
