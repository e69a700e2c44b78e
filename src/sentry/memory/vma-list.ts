// VmaList: the mappings of a process in address order, never overlapping.

import {ENOMEM, Errno} from '../../abi/errno.ts'
import {type Budget, COST} from '../../vfs/budget.ts'
import type {Backing, Vma} from './vma.ts'

/** vm.max_map_count's default. */
export const MAX_MAPPINGS = 65_530

export class VmaList {
  readonly #vmas: Vma[] = []
  #last: Vma | undefined
  /** How many mappings use a backing. */
  readonly #users = new Map<Backing, number>()
  readonly #budget: Budget

  constructor(budget: Budget) {
    this.#budget = budget
  }

  get length(): number {
    return this.#vmas.length
  }

  /** Whether there may be this many more mappings. */
  hasRoom(count: number): boolean {
    return this.#vmas.length + count <= MAX_MAPPINGS && this.#budget.hasRoom(count * COST.mapping)
  }

  get(index: number): Vma | undefined {
    return this.#vmas[index]
  }

  [Symbol.iterator](): IterableIterator<Vma> {
    return this.#vmas[Symbol.iterator]()
  }

  /** The mapping that holds `address`. */
  at(address: number): Vma | undefined {
    const last = this.#last
    if (last !== undefined && address >= last.start && address < last.end) return last
    const vma = this.#vmas[this.indexAfter(address)]
    if (vma === undefined || address < vma.start) return undefined
    this.#last = vma
    return vma
  }

  /** Index of the first mapping that ends above `address`: the one that holds it, or the next. */
  indexAfter(address: number): number {
    let low = 0
    let high = this.#vmas.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#vmas[middle].end > address) high = middle
      else low = middle + 1
    }
    return low
  }

  overlaps(start: number, end: number): boolean {
    const vma = this.#vmas[this.indexAfter(start)]
    return vma !== undefined && vma.start < end
  }

  /** The mappings that overlap [start, end), as a copy. */
  within(start: number, end: number): Vma[] {
    const first = this.indexAfter(start)
    let last = first
    while (last < this.#vmas.length && this.#vmas[last].start < end) last++
    return this.#vmas.slice(first, last)
  }

  /** Whether [start, end) is mapped without a hole. */
  covers(start: number, end: number): boolean {
    let reached = start
    for (let i = this.indexAfter(start); reached < end; i++) {
      const vma = this.#vmas[i]
      if (vma === undefined || vma.start > reached) return false
      reached = vma.end
    }
    return true
  }

  /** Adds a mapping to a free range, joined with its neighbours where it continues them. @throws Errno ENOMEM */
  insert(vma: Vma): void {
    if (!this.hasRoom(1)) throw new Errno(ENOMEM)
    const index = this.indexAfter(vma.start)
    this.#vmas.splice(index, 0, vma)
    this.#hold(vma)
    this.#joinAt(index + 1)
    this.#joinAt(index)
  }

  /**
   * Makes [start, end) consist of whole mappings and returns them.
   * @throws Errno ENOMEM when a split would be one mapping too many
   */
  carve(start: number, end: number): Vma[] {
    this.#split(start)
    this.#split(end)
    return this.within(start, end)
  }

  /**
   * Removes [start, end) and returns the mappings that were there. Once done with their pages, the caller drops each.
   * @throws Errno ENOMEM
   */
  remove(start: number, end: number): Vma[] {
    const removed = this.carve(start, end)
    if (removed.length > 0) this.#vmas.splice(this.indexAfter(start), removed.length)
    this.#last = undefined
    return removed
  }

  /** Adds a mapping above all others, unmerged: fork(2). @throws Errno ENOMEM */
  append(vma: Vma): void {
    if (!this.hasRoom(1)) throw new Errno(ENOMEM)
    this.#hold(vma)
    this.#vmas.push(vma)
  }

  /** Joins what can be joined in and around [start, end), after a change there. */
  join(start: number, end: number): void {
    const first = this.indexAfter(start)
    let index = first
    while (index < this.#vmas.length && this.#vmas[index].start <= end) index++
    for (; index >= first; index--) this.#joinAt(index)
  }

  /** A removed mapping no longer uses its backing. */
  drop(vma: Vma): void {
    this.#budget.give(COST.mapping)
    if (vma.backing === undefined) return
    const users = this.#users.get(vma.backing)! - 1
    if (users > 0) {
      this.#users.set(vma.backing, users)
      return
    }
    this.#users.delete(vma.backing)
    vma.backing.release?.()
  }

  #hold(vma: Vma): void {
    this.#budget.take(COST.mapping)
    if (vma.backing === undefined) return
    const users = this.#users.get(vma.backing) ?? 0
    this.#users.set(vma.backing, users + 1)
    if (users === 0) vma.backing.acquire?.()
  }

  #split(address: number): void {
    const index = this.indexAfter(address)
    const vma = this.#vmas[index]
    if (vma === undefined || vma.start >= address) return
    if (!this.hasRoom(1)) throw new Errno(ENOMEM)
    const tail = vma.splitAt(address)
    this.#vmas.splice(index + 1, 0, tail)
    this.#hold(tail)
  }

  /** Joins the mapping at `index` to the one before it. */
  #joinAt(index: number): void {
    const vma = this.#vmas[index]
    const previous = this.#vmas[index - 1]
    if (vma === undefined || previous === undefined || !previous.continuesIn(vma)) return
    previous.end = vma.end
    this.#vmas.splice(index, 1)
    this.drop(vma)
    this.#last = undefined
  }
}
