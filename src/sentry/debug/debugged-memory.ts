// DebuggedMemory: the memory of a debugged process, or of several that share it, with what a debugger has put into it.

import type {MemoryMap} from '../memory/memory-map.ts'
import type {Space} from '../memory/space.ts'
import {Points} from './points.ts'
import {Stepping} from './stepping.ts'

export class DebuggedMemory {
  readonly space: Space
  readonly points: Points
  readonly stepping: Stepping

  constructor(space: Space, points = new Points()) {
    this.space = space
    this.points = points
    this.stepping = new Stepping(points.breakpoints, space.map)
  }

  get map(): MemoryMap {
    return this.space.map
  }

  /** That of a forked process, which has copies of all points. */
  fork(space: Space): DebuggedMemory {
    return new DebuggedMemory(space, this.points.copyFor(space.map))
  }
}
