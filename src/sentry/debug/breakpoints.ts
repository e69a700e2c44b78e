// Breakpoints: traps in place of instructions in a program's own memory; readers of that memory see the program's own bytes.

import {arch} from '../../arch/index.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {readForced, writeForced} from './forced-memory.ts'

/** All of them are checked when memory is read. */
const MAX_BREAKPOINTS = 4096

interface Breakpoint {
  /** The bytes that the trap replaces. */
  readonly displaced: Uint8Array
  /** How often it was asked for: by a debugger once or more, and by the end of a step. */
  holders: number
}

export class Breakpoints {
  readonly #at = new Map<number, Breakpoint>()

  /** @returns false: that place cannot be written, or there are too many */
  add(map: MemoryMap, address: number): boolean {
    const known = this.#at.get(address)
    if (known !== undefined) {
      known.holders++
      return true
    }
    const {breakpoint} = arch.debug
    const displaced = readForced(map, address, breakpoint.length)
    if (displaced.length < breakpoint.length || this.#at.size >= MAX_BREAKPOINTS) return false
    if (!writeForced(map, address, breakpoint)) return false
    this.#at.set(address, {displaced, holders: 1})
    return true
  }

  remove(map: MemoryMap, address: number): void {
    const known = this.#at.get(address)
    if (known === undefined || --known.holders > 0) return
    this.#at.delete(address)
    leave(map, address, known)
  }

  has(address: number): boolean {
    return this.#at.has(address)
  }

  /** Removes them from the memory of a forked program, which is not debugged. */
  removeFromCopy(map: MemoryMap): void {
    for (const [address, breakpoint] of this.#at) leave(map, address, breakpoint)
  }

  removeAll(map: MemoryMap): void {
    this.removeFromCopy(map)
    this.#at.clear()
  }

  /** Their memory is gone: execve(2). */
  forget(): void {
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
    this.#overlaps(address, bytes.length, (displaced, at) => {
      for (let i = 0; i < displaced.length; i++)
        if (at + i >= 0 && at + i < bytes.length) bytes[at + i] = displaced[i]
    })
    return bytes
  }

  /** @returns whether all of it was written */
  write(map: MemoryMap, address: number, bytes: Uint8Array): boolean {
    const shown = bytes.slice()
    const {breakpoint} = arch.debug
    this.#overlaps(address, bytes.length, (_, at) => {
      for (let i = 0; i < breakpoint.length; i++)
        if (at + i >= 0 && at + i < shown.length) shown[at + i] = breakpoint[i]
    })
    if (!writeForced(map, address, shown)) return false
    this.#overlaps(address, bytes.length, (displaced, at) => {
      for (let i = 0; i < displaced.length; i++)
        if (at + i >= 0 && at + i < bytes.length) displaced[i] = bytes[at + i]
    })
    return true
  }

  /** @param visit `at`: where the displaced bytes begin, relative to `address`; may be negative */
  #overlaps(address: number, length: number, visit: (displaced: Uint8Array, at: number) => void): void {
    for (const [start, {displaced}] of this.#at) {
      if (start < address + length && start + displaced.length > address) visit(displaced, start - address)
    }
  }
}

/** Unless the program has written something else there. */
function leave(map: MemoryMap, address: number, {displaced}: Breakpoint): void {
  const {breakpoint} = arch.debug
  const found = readForced(map, address, breakpoint.length)
  if (found.length === breakpoint.length && found.every((byte, i) => byte === breakpoint[i]))
    writeForced(map, address, displaced)
}
