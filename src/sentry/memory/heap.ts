// The heap: the program break of brk(2), and the mapping below it.

import {ENOMEM, Errno} from '../../abi/errno.ts'
import {PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import {RLIMIT_DATA} from '../core/resource-limits.ts'
import type {MemoryMap} from './memory-map.ts'
import {pageAlign} from './vma.ts'

export class Heap {
  readonly #map: MemoryMap
  #start = 0
  #break = 0

  constructor(map: MemoryMap) {
    this.#map = map
  }

  get start(): number {
    return this.#start
  }

  /** The program break: the first byte past the heap. */
  get end(): number {
    return this.#break
  }

  /** Where the heap starts, empty: the loader calls this once per program. */
  place(address: number): void {
    this.#start = address
    this.#break = address
  }

  /** Copies another process's: fork(2). */
  copyFrom(other: Heap): void {
    this.#start = other.#start
    this.#break = other.#break
  }

  /** @returns the new program break, or the old one when it cannot be moved there */
  moveBreak(address: number): number {
    if (address < this.#start || address > this.#map.userTop) return this.#break
    const oldEnd = pageAlign(this.#break)
    const newEnd = pageAlign(address)
    try {
      if (newEnd < oldEnd) this.#map.unmap(newEnd, oldEnd - newEnd)
      else if (newEnd > oldEnd) this.#grow(address, oldEnd, newEnd)
    } catch (error) {
      if (error instanceof Errno) return this.#break
      throw error
    }
    this.#break = address
    return address
  }

  #grow(address: number, oldEnd: number, newEnd: number): void {
    if (address - this.#start > this.#map.limits.get(RLIMIT_DATA).soft) throw new Errno(ENOMEM)
    if (!this.#map.placement.isFree(oldEnd, newEnd)) throw new Errno(ENOMEM)
    const protection = PROT_READ | PROT_WRITE
    this.#map.map({address: oldEnd, length: newEnd - oldEnd, fixed: 'keep', protection, name: '[heap]'})
  }
}
