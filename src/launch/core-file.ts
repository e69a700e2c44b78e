// CoreFile: the file for the core of the first program, or machine, that dies with one. Opened before the jail, which lets no file be made.

import {closeSync, ftruncateSync, writeSync} from 'node:fs'
import {addon} from '../addon.ts'
import type {CoreSink} from '../core/core-file.ts'
import {HvError, printable} from '../errors.ts'
import {type DeadMachine, dumpMachine} from '../machine/debug/dump-machine.ts'
import {makeFile} from '../output-file.ts'
import type {Kernel} from '../sentry/core/kernel.ts'
import {dumpCore} from '../sentry/debug/dump-core.ts'
import {tell} from './tell.ts'

/** It holds the program's memory. */
const MODE = 0o600

export class CoreFile {
  readonly #path: string
  readonly #fd: number
  #isUsed = false

  /** An existing file is replaced. @throws HvError BAD_ARGUMENT */
  constructor(path: string) {
    this.#path = path
    try {
      this.#fd = makeFile(path, MODE)
    } catch (error) {
      if (error instanceof HvError) throw error
      throw new HvError(
        'BAD_ARGUMENT',
        `the core file ${path} cannot be written (${(error as NodeJS.ErrnoException).code})`,
        'name another file',
        {cause: error},
      )
    }
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
  readonly onDead = (dead: DeadMachine): void => {
    // Dumping its memory may take longer than the watchdog waits.
    addon.stopWatchdog()
    this.take('the machine', (sink) => dumpMachine(dead, sink))
  }

  /** Only the first call counts. @param who for messages */
  take(who: string, dump: (sink: CoreSink) => void): void {
    if (this.#isUsed) return
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

  close(): void {
    closeSync(this.#fd)
  }

  readonly sink: CoreSink = {
    write: (bytes, position) => {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done)
    },
    setLength: (bytes) => ftruncateSync(this.#fd, bytes),
  }
}
