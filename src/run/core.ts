// CoreFile: the file for the core of the first program, or machine, that dies with one. Opened before the jail, which lets no file be made.

import {closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync} from 'node:fs'
import type {CoreSink} from '../core/core-file.ts'
import {HvError, printable} from '../errors.ts'
import {dumpCore} from '../sentry/debug/dump-core.ts'
import type {Kernel} from '../sentry/kernel.ts'

const STDERR = 2
/** It holds the program's memory. */
const MODE = 0o600

export class CoreFile {
  readonly #path: string
  readonly #fd: number
  #isUsed = false

  /** Empties an existing file. @throws HvError BAD_ARGUMENT */
  constructor(path: string) {
    this.#path = path
    // Opening a fifo would wait.
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK
    try {
      this.#fd = openSync(path, flags, MODE)
    } catch (error) {
      throw this.#bad((error as NodeJS.ErrnoException).code ?? 'it cannot be opened', error)
    }
    if (!fstatSync(this.#fd).isFile()) {
      closeSync(this.#fd)
      throw this.#bad('it is no regular file')
    }
    ftruncateSync(this.#fd)
  }

  /** From now on the first process that dies with a core is dumped. */
  begin(kernel: Kernel): void {
    kernel.onCore = (task, {signal, info}) => {
      this.take(`${printable(task.name)} (${task.process.pid})`, (sink) => {
        kernel.standStill(task.process)
        dumpCore(task, signal, info, sink)
      })
    }
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

  #bad(why: string, cause?: unknown): HvError {
    return new HvError(
      'BAD_ARGUMENT',
      `the core file ${this.#path} cannot be written (${why})`,
      'name another file',
      {
        cause,
      },
    )
  }
}

function tell(line: string): void {
  try {
    writeSync(STDERR, `hv: ${line}\n`)
  } catch {
    // Nothing reads it, or not now.
  }
}
