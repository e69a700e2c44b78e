// Points: where a debugger wants a program to stop: breakpoints, and watched memory.

import {isBreakpoint, type PointKind} from '../../gdb/target.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {Breakpoints} from './breakpoints.ts'
import {Watches, type WatchKind} from './watches.ts'

export class Points {
  readonly breakpoints: Breakpoints
  readonly watches: Watches

  constructor(breakpoints = new Breakpoints(), watches = new Watches()) {
    this.breakpoints = breakpoints
    this.watches = watches
  }

  /** @returns false: that place cannot have one, or there are too many */
  add(map: MemoryMap, kind: PointKind, address: number, length: number): boolean {
    if (isBreakpoint(kind)) return this.breakpoints.add(map, address, 'debugger')
    const bytes = this.breakpoints.read(map, address, length)
    return this.watches.add(map, kind as WatchKind, bytes, address, length)
  }

  /** @returns false: its memory is there no longer */
  remove(map: MemoryMap, kind: PointKind, address: number, length: number): boolean {
    if (isBreakpoint(kind)) return this.breakpoints.remove(map, address, 'debugger')
    this.watches.remove(map, kind as WatchKind, address, length)
    return true
  }

  /** For a copy of the memory. */
  copyFor(map: MemoryMap): Points {
    return new Points(this.breakpoints.copyFor(map), this.watches.copyFor(map))
  }

  /** @param map the memory that they are in */
  clear(map: MemoryMap): void {
    this.breakpoints.clear(map)
    this.watches.clear(map)
  }
}
