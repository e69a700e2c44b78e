// DebuggedMemory: the memory of a debugged process, or of several that share it: the program's own code, and what a debugger has put there.

import type {MemoryMap} from '../memory/memory-map.ts'
import type {Space} from '../memory/space.ts'
import type {Exclusion} from './exclusion.ts'
import {Points} from './points.ts'
import {Stepping} from './stepping.ts'

export class DebuggedMemory {
  readonly space: Space
  readonly points: Points
  readonly stepping: Stepping
  /** A task accesses watched memory, and is not the only one that could. */
  exclusion: Exclusion | undefined

  constructor(space: Space, points = new Points()) {
    this.space = space
    this.points = points
    this.stepping = new Stepping(points.breakpoints, space.map)
    space.callPatches?.hold()
  }

  get map(): MemoryMap {
    return this.space.map
  }

  /** That of a forked process, which has copies of all points. */
  fork(space: Space): DebuggedMemory {
    return new DebuggedMemory(space, this.points.copyFor(space.map))
  }

  /** It is debugged no longer: leaves nothing of the debugger there. */
  clear(): void {
    this.points.clear(this.map)
    this.space.callPatches?.release()
  }
}
