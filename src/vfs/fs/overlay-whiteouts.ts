// Whiteouts: the names of a lower directory that the overlay's directory hides.

import {ENOSPC} from '../../abi/errno.ts'
import {COST} from '../budget.ts'
import type {ByteString, DirectoryEntry, Inode} from '../file.ts'
import {ownString} from '../own-string.ts'
import {findIn, listAll} from './overlay-lower.ts'
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

  /** What still shows of the lower directory, except names that `added` has too. */
  *entriesOf(lower: Inode, added: ReadonlyMap<ByteString, unknown>): Iterable<DirectoryEntry> {
    for (const entry of listAll(lower)) {
      if (!added.has(entry.name) && !this.#names.has(entry.name)) yield entry
    }
  }

  /** The directory is gone. */
  clear(): void {
    this.#upper.budget.give(this.#names.size * COST.name)
    this.#names.clear()
  }
}
