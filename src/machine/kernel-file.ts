// KernelFile: a file for a kernel's machine, opened before the jail closes and read whole after: an allegation that goes into guest memory.

import {closeSync, constants, fstatSync, openSync, readFileSync} from 'node:fs'
import {HvError} from '../errors.ts'

/** Larger than any kernel, and than the initrd of a whole system. */
const MAX_BYTES = 2 ** 30

export class KernelFile implements Disposable {
  readonly #fd: number
  readonly #path: string
  readonly #what: string

  /** @param what it is, for messages. @throws HvError NOT_FOUND, BAD_KERNEL */
  constructor(path: string, what: string) {
    this.#path = path
    this.#what = what
    // Opening a pipe would wait for a writer.
    this.#fd = this.#attempt(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
    try {
      const stat = fstatSync(this.#fd)
      if (!stat.isFile()) throw bad(`${path} is no regular file`, `name the ${what}'s file`)
      if (stat.size > MAX_BYTES)
        throw bad(`${path} has ${stat.size} bytes, more than a ${what} may have`, 'give another')
    } catch (error) {
      closeSync(this.#fd)
      throw error
    }
  }

  /** Call it once. @throws HvError BAD_KERNEL */
  read(): Uint8Array {
    return this.#attempt(() => readFileSync(this.#fd))
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }

  #attempt<Result>(act: () => Result): Result {
    try {
      return act()
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code
      const code = reason === 'ENOENT' || reason === 'ENOTDIR' ? 'NOT_FOUND' : 'BAD_KERNEL'
      const message = `the ${this.#what} ${this.#path} cannot be read (${reason})`
      throw new HvError(code, message, 'name a file of this host', {cause})
    }
  }
}

const bad = (message: string, nextStep: string): HvError => new HvError('BAD_KERNEL', message, nextStep)
