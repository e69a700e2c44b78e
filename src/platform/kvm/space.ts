// KvmSpace: the page tables of one guest process; edits are collected here and made in one native call.

import {ENOMEM, Errno} from '../../abi/errno.ts'
import {orGuestErrno} from '../guest-errno.ts'
import type {MemoryFile} from '../memory-file.ts'
import {type AddressSpace, PAGE_SIZE, type Protection} from '../platform.ts'
import type {NativeSpace} from './addon.ts'

const EDIT_WORDS = 4
const FIRST_EDITS = 8
/** After a longer list, the memory of the list is released. */
const KEPT_EDITS = 1024

/** Gives out native spaces, and takes them back empty. */
export interface SpacePool {
  readonly memory: MemoryFile
  takeSpace(): NativeSpace
  giveSpace(space: NativeSpace): void
}

export class KvmSpace implements AddressSpace {
  readonly native: NativeSpace
  readonly #pool: SpacePool
  #edits = new Float64Array(FIRST_EDITS * EDIT_WORDS)
  #count = 0
  #disposed = false

  constructor(pool: SpacePool) {
    this.#pool = pool
    this.native = pool.takeSpace()
  }

  map(address: number, length: number, offset: number, protection: Protection, populate = false): void {
    if (populate) this.#backByHost(offset, length)
    this.#edit(address, length, offset, protection)
  }

  unmap(address: number, length: number): void {
    this.#edit(address, length, 0, 0)
  }

  commit(): void {
    const count = this.#count
    if (count === 0) return
    this.#count = 0
    const edits = this.#edits
    if (count > KEPT_EDITS) this.#edits = new Float64Array(FIRST_EDITS * EDIT_WORDS)
    if (!this.native.commit(edits, count)) throw new Errno(ENOMEM)
  }

  fork(): AddressSpace {
    const child = new KvmSpace(this.#pool)
    try {
      child.native.copyFrom(this.native)
      return child
    } catch (error) {
      child.dispose()
      throw orGuestErrno(error, ENOMEM)
    }
  }

  abandon(): void {
    // Its contexts run on the platform's vCPUs, which others use as well.
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.native.clear()
    this.#pool.giveSpace(this.native)
  }

  #edit(address: number, length: number, offset: number, protection: number): void {
    let edits = this.#edits
    const at = this.#count * EDIT_WORDS
    if (at === edits.length) {
      edits = new Float64Array(2 * at)
      edits.set(this.#edits)
      this.#edits = edits
    }
    edits[at] = address
    edits[at + 1] = length
    edits[at + 2] = offset
    edits[at + 3] = protection
    this.#count++
  }

  /**
   * KVM maps eight pages at a time where the host has them already (its PTE_PREFETCH_NUM), which halves the cost of the first touch
   * of each.
   */
  #backByHost(offset: number, length: number): void {
    const {bytes} = this.#pool.memory
    // New pages, which no program writes yet: their content stays.
    for (let at = offset; at < offset + length; at += PAGE_SIZE) bytes[at] |= 0
  }
}
