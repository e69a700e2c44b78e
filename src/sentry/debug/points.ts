// Points: where a debugger wants a program to stop; shows its memory without any trace of them.

import type {PointKind} from '../../gdb/target.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {Breakpoints} from './breakpoints.ts'
import {WatchedPlaces} from './watched-places.ts'

export class Points {
  readonly breakpoints = new Breakpoints()
  readonly watched = new WatchedPlaces()
  /** How often the debugger wants each; one elsewhere is the end of a step. */
  readonly #wanted = new Map<number, number>()

  /** @returns false: that place cannot have one, or there are too many */
  add(map: MemoryMap, kind: PointKind, address: number, length: number): boolean {
    if (kind === 'write')
      return this.watched.add(address, this.breakpoints.read(map, address, length), length)
    if (!this.breakpoints.add(map, address)) return false
    this.#wanted.set(address, (this.#wanted.get(address) ?? 0) + 1)
    return true
  }

  remove(map: MemoryMap, kind: PointKind, address: number, length: number): void {
    if (kind === 'write') {
      this.watched.remove(address, length)
      return
    }
    const holders = this.#wanted.get(address)
    if (holders === undefined) return
    this.breakpoints.remove(map, address)
    if (holders === 1) this.#wanted.delete(address)
    else this.#wanted.set(address, holders - 1)
  }

  wants(address: number): boolean {
    return this.#wanted.has(address)
  }

  /** The first watched place that has changed since the last check. */
  changed(map: MemoryMap): number | undefined {
    if (this.watched.isEmpty) return undefined
    return this.watched.changed((address, length) => this.breakpoints.read(map, address, length))
  }

  /** @param map the memory that they are in; undefined: it is gone */
  clear(map: MemoryMap | undefined): void {
    if (map === undefined) this.breakpoints.forget()
    else this.breakpoints.removeAll(map)
    this.#wanted.clear()
    this.watched.clear()
  }
}
