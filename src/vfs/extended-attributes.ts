// ExtendedAttributes: those of one inode in memory: xattr(7).

import {E2BIG, EEXIST, ENODATA, ENOSPC, Errno} from '../abi/errno.ts'
import {XATTR_CREATE, XATTR_LIST_MAX, XATTR_REPLACE} from '../abi/xattr.ts'
import {type Budget, COST} from './budget.ts'

/** Names are byte strings, as of files. */
export class ExtendedAttributes {
  readonly #values = new Map<string, Uint8Array>()
  readonly #budget: Budget
  /** Of the list of all names. */
  #listBytes = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  names(): Iterable<string> {
    return this.#values.keys()
  }

  get(name: string): Uint8Array | undefined {
    return this.#values.get(name)
  }

  /**
   * @param name and value are kept
   * @param flags XATTR_*
   * @throws Errno EEXIST, ENODATA (by the flags), E2BIG (too many names to list), ENOSPC
   */
  set(name: string, value: Uint8Array, flags: number): void {
    const old = this.#values.get(name)
    if (old !== undefined && flags & XATTR_CREATE) throw new Errno(EEXIST)
    if (old === undefined && flags & XATTR_REPLACE) throw new Errno(ENODATA)
    const listBytes = this.#listBytes + (old === undefined ? name.length + 1 : 0)
    if (listBytes > XATTR_LIST_MAX) throw new Errno(E2BIG)
    this.#budget.take(costOf(name, value), ENOSPC)
    if (old !== undefined) this.#budget.give(costOf(name, old))
    this.#listBytes = listBytes
    this.#values.set(name, value)
  }

  /** @returns whether it was there */
  delete(name: string): boolean {
    const old = this.#values.get(name)
    if (old === undefined) return false
    this.#budget.give(costOf(name, old))
    this.#listBytes -= name.length + 1
    return this.#values.delete(name)
  }

  clear(): void {
    for (const name of [...this.#values.keys()]) this.delete(name)
  }
}

function costOf(name: string, value: Uint8Array): number {
  return COST.attribute + name.length + value.length
}
