// Points: where a debugger wants a program to stop: breakpoints, and memory whose changes stop it.

import type {PointKind} from '../../gdb/target.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {Breakpoints} from './breakpoints.ts'

/** Each is read after each instruction. */
const MAX_WATCHED = 16

export class Points {
  readonly breakpoints = new Breakpoints()
  /** Compared after each step, as no platform gives a program its debug registers. */
  readonly #watched = new Map<string, {address: number; bytes: Uint8Array}>()

  get isWatching(): boolean {
    return this.#watched.size > 0
  }

  /** @returns false: that place cannot have one, or there are too many */
  add(map: MemoryMap, kind: PointKind, address: number, length: number): boolean {
    if (kind !== 'write') return this.breakpoints.add(map, address, 'debugger')
    const bytes = this.breakpoints.read(map, address, length)
    if (bytes.length < length || this.#watched.size >= MAX_WATCHED) return false
    this.#watched.set(`${address},${length}`, {address, bytes})
    return true
  }

  remove(map: MemoryMap, kind: PointKind, address: number, length: number): void {
    if (kind === 'write') this.#watched.delete(`${address},${length}`)
    else this.breakpoints.remove(map, address, 'debugger')
  }

  /** The first watched place that has changed since the last check. */
  changed(map: MemoryMap): number | undefined {
    let found: number | undefined
    for (const place of this.#watched.values()) {
      const now = this.breakpoints.read(map, place.address, place.bytes.length)
      if (Buffer.compare(now, place.bytes) === 0) continue
      found ??= place.address
      if (now.length === place.bytes.length) place.bytes = now
    }
    return found
  }

  /** @param map the memory that they are in; undefined: it is gone */
  clear(map: MemoryMap | undefined): void {
    this.breakpoints.clear(map)
    this.#watched.clear()
  }
}
