// Where a new mapping goes: top-down below the mmap base, as Linux's default layout does. How far a stack grows: expand_downwards.

import {PAGE_SIZE, PROT_NONE} from '../../platform/platform.ts'
import {type ResourceLimits, RLIMIT_STACK} from '../core/resource-limits.ts'
import {checkExpansion} from './accounting.ts'
import {VM_GROWSDOWN, type Vma} from './vma.ts'
import type {VmaList} from './vma-list.ts'

/** vm.mmap_min_addr's default. */
export const MIN_ADDRESS = 64 << 10
/** Kept free below a mapping that grows down: stack_guard_gap's default, 256 pages. */
const STACK_GUARD_GAP = 256 * PAGE_SIZE

/** A stack grows by up to this much at once: one fault for 16 pages. */
const STACK_STEP = 16 * PAGE_SIZE

const HUGE_ALIGNMENT = 2 << 20

export class Placement {
  readonly #vmas: VmaList
  readonly base: number
  readonly #userTop: number
  /** Every gap between here and the base is smaller than #tooSmall: the next search may start here. */
  #searchTop: number
  #tooSmall = 0

  constructor(vmas: VmaList, base: number, userTop: number) {
    this.#vmas = vmas
    this.base = base
    this.#userTop = userTop
    this.#searchTop = base
  }

  /** A free range of `length` bytes, at `hint` if that is free, below `ceiling` if given. @returns its start, or -1 */
  find(length: number, hint: number, ceiling?: number): number {
    if (length > this.#userTop - MIN_ADDRESS) return -1
    if (hint > 0) {
      const start = Math.max(hint, MIN_ADDRESS)
      if (this.isFree(start, start + length)) return start
    }
    if (ceiling !== undefined) return this.#topDown(length, Math.min(ceiling, this.base), PAGE_SIZE)
    // Aligned, where huge pages can back it.
    if (length >= HUGE_ALIGNMENT) {
      const aligned = this.#topDown(length, this.base, HUGE_ALIGNMENT)
      if (aligned >= 0) return aligned
    }
    const from = length >= this.#tooSmall ? this.#searchTop : this.base
    const found = this.#topDown(length, from, PAGE_SIZE)
    if (found < 0) return this.#bottomUp(length)
    this.#searchTop = found
    this.#tooSmall = length
    return found
  }

  /** Whether a mapping may go to [start, end): free, in user space, and not in a stack's guard gap. */
  isFree(start: number, end: number): boolean {
    if (end > this.#userTop) return false
    const next = this.#vmas.get(this.#vmas.indexAfter(start))
    return next === undefined || end <= guardedStart(next)
  }

  /** A range became free: the next search must see it. */
  noteFreed(end: number): void {
    if (end <= this.#searchTop) return
    this.#searchTop = this.base
    this.#tooSmall = 0
  }

  #topDown(length: number, from: number, alignment: number): number {
    let index = this.#vmas.indexAfter(from)
    const above = this.#vmas.get(index)
    let gapEnd = above === undefined ? from : Math.min(from, guardedStart(above))
    for (;;) {
      const below = this.#vmas.get(--index)
      const gapStart = Math.max(below?.end ?? 0, MIN_ADDRESS)
      const start = gapEnd - length - ((gapEnd - length) % alignment)
      if (start >= gapStart) return start
      if (below === undefined) return -1
      gapEnd = guardedStart(below)
    }
  }

  /** The last resort: from the base upward. */
  #bottomUp(length: number): number {
    let start = this.base
    for (let index = this.#vmas.indexAfter(start); ; index++) {
      const next = this.#vmas.get(index)
      const gapEnd = next === undefined ? this.#userTop : guardedStart(next)
      if (start + length <= gapEnd) return start
      if (next === undefined) return -1
      start = Math.max(start, next.end)
    }
  }
}

/** Where the mapping before it must end: one that grows down keeps a gap below it. */
function guardedStart(vma: Vma): number {
  return vma.flags & VM_GROWSDOWN ? vma.start - STACK_GUARD_GAP : vma.start
}

/** The stack above `address`, grown down to it; undefined when there is none, or it must not grow so far. */
export function growStack(vmas: VmaList, limits: ResourceLimits, address: number): Vma | undefined {
  const index = vmas.indexAfter(address)
  const stack = vmas.get(index)
  if (stack === undefined || !(stack.flags & VM_GROWSDOWN)) return undefined

  const lowest = Math.max(lowestStart(vmas.get(index - 1)), stack.end - limits.get(RLIMIT_STACK).soft)
  const page = address - (address % PAGE_SIZE)
  if (page < lowest) return undefined
  const start = Math.max(page - (page % STACK_STEP), Math.ceil(lowest / PAGE_SIZE) * PAGE_SIZE)
  try {
    checkExpansion(vmas, limits, stack.start - start, 0)
  } catch {
    return undefined
  }
  stack.start = start
  return stack
}

/** Only other stacks and inaccessible mappings may come near the stack. */
function lowestStart(below: Vma | undefined): number {
  if (below === undefined) return MIN_ADDRESS
  const needsGap = below.protection !== PROT_NONE && !(below.flags & VM_GROWSDOWN)
  return Math.max(below.end + (needsGap ? STACK_GUARD_GAP : 0), MIN_ADDRESS)
}
