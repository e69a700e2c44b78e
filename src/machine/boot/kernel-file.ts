// KernelFile: a file for a kernel's machine, opened before the jail closes: untrusted bytes, most of which goes right into guest memory.

import {closeSync, constants, fstatSync, openSync, readSync} from 'node:fs'
import {HvError} from '../../errors.ts'
import type {Source} from './source.ts'

/** Larger than any kernel, and than the initrd of a whole system. */
const MAX_BYTES = 2 ** 30

export class KernelFile implements Source, Disposable {
  readonly length: number
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
      this.length = stat.size
    } catch (error) {
      closeSync(this.#fd)
      throw error
    }
  }

  copy(offset: number, target: Uint8Array): void {
    let done = 0
    while (done < target.length) {
      const bytes = this.#attempt(() => readSync(this.#fd, target, done, target.length - done, offset + done))
      if (bytes === 0) throw bad(`${this.#path} has become shorter`, 'is it being written?')
      done += bytes
    }
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
