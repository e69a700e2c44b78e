// CoreFile: the file for the core of the first program, or machine, that dies with one. Opened before the jail, which lets no file be made.

import {closeSync} from 'node:fs'
import {addon} from '../addon.ts'
import type {CoreSink} from '../core/core-file.ts'
import {fileSink, openCore} from '../core/open-core.ts'
import {printable} from '../errors.ts'
import {dumpMachine, type StoppedMachine} from '../machine/debug/dump-machine.ts'
import type {Kernel} from '../sentry/core/kernel.ts'
import {dumpCore} from '../sentry/debug/dump-core.ts'
import {tell} from './tell.ts'

export class CoreFile {
  readonly #path: string
  readonly #fd: number
  readonly sink: CoreSink
  #isUsed = false

  /** An existing file is replaced. @throws HvError BAD_ARGUMENT */
  constructor(path: string) {
    this.#path = path
    this.#fd = openCore(path)
    this.sink = fileSink(this.#fd)
  }

  /** There is a core in it. */
  get isUsed(): boolean {
    return this.#isUsed
  }

  /** From now on the first process that dies with a core is dumped. */
  beginFor(kernel: Kernel): void {
    kernel.observers.push({
      core: (task, {signal, info}) => {
        this.take(`${printable(task.name)} (${task.process.pid})`, (sink) => {
          kernel.standStill(task.process)
          dumpCore(task, signal, info, sink)
        })
      },
    })
  }

  /** Leaves a machine that has died. */
  readonly onDead = (dead: StoppedMachine): void => {
    // Dumping its memory may take longer than the watchdog waits.
    addon.stopWatchdog()
    this.replace(dead)
  }

  /** Leaves a machine in place of what was left before. */
  replace(stopped: StoppedMachine): void {
    this.#write('the machine', (sink) => {
      // Where the new core has holes, the old one has bytes.
      sink.setLength(0)
      dumpMachine(stopped, sink)
    })
  }

  /** Only the first call counts. @param who for messages @param dump finishes what may have been written to the sink before */
  take(who: string, dump: (sink: CoreSink) => void): void {
    if (!this.#isUsed) this.#write(who, dump)
  }

  close(): void {
    closeSync(this.#fd)
  }

  #write(who: string, dump: (sink: CoreSink) => void): void {
    this.#isUsed = true
    try {
      dump(this.sink)
      tell(`the core of ${who} is in ${this.#path}`)
    } catch (error) {
      const {code} = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      tell(`the core of ${who} cannot be written to ${this.#path} (${code})`)
    }
  }
}
