// Whiteouts: the names of a lower directory that the overlay's directory hides.

import {ENOSPC} from '../../abi/errno.ts'
import {COST} from '../budget.ts'
import type {ByteString, Inode} from '../file.ts'
import {ownString} from '../own-string.ts'
import {findIn} from './overlay-lower.ts'
import type {Tmpfs} from './tmpfs.ts'

export class Whiteouts {
  readonly #names = new Set<ByteString>()
  readonly #upper: Tmpfs

  /** @param upper its budget counts them */
  constructor(upper: Tmpfs) {
    this.#upper = upper
  }

  has(name: ByteString): boolean {
    return this.#names.has(name)
  }

  /** Hides the name, if the lower directory has it. @throws Errno ENOSPC */
  add(lower: Inode | undefined, name: ByteString): void {
    if (this.#names.has(name) || lower === undefined || findIn(lower, name) === undefined) return
    this.#upper.budget.take(COST.name, ENOSPC)
    this.#names.add(ownString(name))
  }

  /** The directory is gone. */
  clear(): void {
    this.#upper.budget.give(this.#names.size * COST.name)
    this.#names.clear()
  }
}
