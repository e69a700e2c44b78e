// Handles: the files and directories of a share that a machine has open, by the numbers that it was given.

import {EBADF, ENFILE, Errno} from '../../abi/errno.ts'
import type {FileDescription} from '../../vfs/file.ts'

export class Handles {
  readonly #files = new Map<number, FileDescription>()
  readonly #most: number
  #last = 0

  constructor(most: number) {
    this.#most = most
  }

  /** @throws Errno EBADF */
  get(number: number): FileDescription {
    const file = this.#files.get(number)
    if (file === undefined) throw new Errno(EBADF)
    return file
  }

  /** @throws Errno ENFILE */
  requireRoom(): void {
    if (this.#files.size >= this.#most) throw new Errno(ENFILE)
  }

  /** Precondition: requireRoom. @returns the file's number */
  add(file: FileDescription): number {
    // A file without a name lives as long as it is open, whatever the machine forgets.
    file.inode.hold?.()
    this.#files.set(++this.#last, file)
    return this.#last
  }

  /** @throws Errno EBADF */
  close(number: number): void {
    const file = this.get(number)
    this.#files.delete(number)
    file.close()
    file.inode.letGo?.()
  }

  clear(): void {
    for (const number of [...this.#files.keys()]) this.close(number)
  }
}
