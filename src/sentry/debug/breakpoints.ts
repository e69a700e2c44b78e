// Breakpoints: traps in place of instructions in a program's own memory; readers of that memory see the program's own bytes.

import {arch} from '../../arch/index.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {readForced, writeForced} from './forced-memory.ts'

/** All of them are checked when memory is read. */
const MAX_BREAKPOINTS = 4096

/** Who wants one: a debugger, or a step that ends there. */
type Holder = 'debugger' | 'step'

interface Breakpoint {
  /** The bytes that the trap replaces. */
  readonly displaced: Uint8Array
  /** How many of each kind want it: the debugger is one. */
  readonly holders: Record<Holder, number>
}

export class Breakpoints {
  readonly #at = new Map<number, Breakpoint>()

  /** @returns false: that place cannot be written, or there are too many */
  add(map: MemoryMap, address: number, holder: Holder): boolean {
    const known = this.#at.get(address)
    if (known !== undefined) {
      known.holders[holder] = holder === 'debugger' ? 1 : known.holders[holder] + 1
      return true
    }
    const {breakpoint} = arch.debug
    const displaced = readForced(map, address, breakpoint.length)
    if (displaced.length < breakpoint.length || this.#at.size >= MAX_BREAKPOINTS) return false
    if (!writeForced(map, address, breakpoint)) return false
    this.#at.set(address, {displaced, holders: {debugger: 0, step: 0, [holder]: 1}})
    return true
  }

  /** @returns false: its memory is there no longer */
  remove(map: MemoryMap, address: number, holder: Holder): boolean {
    const known = this.#at.get(address)
    if (known === undefined || known.holders[holder] === 0) return true
    known.holders[holder]--
    if (known.holders.debugger + known.holders.step > 0) return true
    this.#at.delete(address)
    return leave(map, address, known)
  }

  has(address: number): boolean {
    return this.#at.has(address)
  }

  /** Whether a debugger wants it, not only a step. */
  wants(address: number): boolean {
    return (this.#at.get(address)?.holders.debugger ?? 0) > 0
  }

  /** Removes them from the memory of a forked program, which is not debugged. */
  removeFromCopy(map: MemoryMap): void {
    for (const [address, breakpoint] of this.#at) leave(map, address, breakpoint)
  }

  /** For a copy of the memory: the debugger's are in it, too, and the steps' are removed. */
  copyFor(map: MemoryMap): Breakpoints {
    const copy = new Breakpoints()
    for (const [address, breakpoint] of this.#at) {
      const {displaced, holders} = breakpoint
      if (holders.debugger === 0) leave(map, address, breakpoint)
      else copy.#at.set(address, {displaced: displaced.slice(), holders: {debugger: 1, step: 0}})
    }
    return copy
  }

  clear(map: MemoryMap): void {
    this.removeFromCopy(map)
    this.#at.clear()
  }

  /** Removes it for a moment, while a task executes the instruction. */
  lift(map: MemoryMap, address: number): void {
    const known = this.#at.get(address)
    if (known !== undefined) leave(map, address, known)
  }

  lower(map: MemoryMap, address: number): void {
    if (this.#at.has(address)) writeForced(map, address, arch.debug.breakpoint)
  }

  read(map: MemoryMap, address: number, length: number): Uint8Array {
    const bytes = readForced(map, address, length)
    this.#overlaps(address, bytes.length, (displaced, at) => copyWithin(bytes, displaced, at))
    return bytes
  }

  /** @returns whether all of it was written */
  write(map: MemoryMap, address: number, bytes: Uint8Array): boolean {
    // Not `slice`, by which a Buffer shares its bytes.
    const shown = Uint8Array.from(bytes)
    this.#overlaps(address, bytes.length, (_, at) => copyWithin(shown, arch.debug.breakpoint, at))
    if (!writeForced(map, address, shown)) return false
    this.#overlaps(address, bytes.length, (displaced, at) => copyWithin(displaced, bytes, -at))
    return true
  }

  /** @param visit `at`: where the displaced bytes begin, relative to `address`; may be negative */
  #overlaps(address: number, length: number, visit: (displaced: Uint8Array, at: number) => void): void {
    for (const [start, {displaced}] of this.#at) {
      if (start < address + length && start + displaced.length > address) visit(displaced, start - address)
    }
  }
}

/** Those of `bytes`, the first of which belongs at `at`, that are within `target`. */
function copyWithin(target: Uint8Array, bytes: Uint8Array, at: number): void {
  for (let i = Math.max(0, at); i < Math.min(target.length, at + bytes.length); i++) target[i] = bytes[i - at]
}

/** Unless the program has written something else there. @returns false: no memory is there */
function leave(map: MemoryMap, address: number, {displaced}: Breakpoint): boolean {
  const {breakpoint} = arch.debug
  const found = readForced(map, address, breakpoint.length)
  if (found.length < breakpoint.length) return false
  return found.some((byte, i) => byte !== breakpoint[i]) || writeForced(map, address, displaced)
}
