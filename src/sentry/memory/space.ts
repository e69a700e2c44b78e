// Space: the memory of a process, or of several that share it: address space, mappings, and access through guest pointers.

import type {AddressSpace, Platform} from '../../platform/platform.ts'
import type {Budget} from '../../vfs/budget.ts'
import {countExecuted} from '../../vfs/text-busy.ts'
import type {OpenDescription} from '../core/open-description.ts'
import type {ResourceLimits} from '../core/resource-limits.ts'
import type {CallPatches} from './call-patches.ts'
import {faultWindows} from './fault-windows.ts'
import {forkMap} from './fork.ts'
import {MemoryMap, type MemoryMapParts} from './memory-map.ts'
import {UserMemory} from './user-memory.ts'

export interface SpaceParts extends Pick<MemoryMapParts, 'space' | 'limits' | 'mmapBase'> {
  /** Counts mappings and page tables: a part of its own, which goes with the space. */
  budget: Budget
  /** The program that runs in it, kept open. Undefined only for init. */
  executable?: OpenDescription
  /** Absent: the program's call sites are left as they are. */
  patchCalls?: (map: MemoryMap) => CallPatches
}

/** Linux's mm_struct. */
export class Space {
  readonly addresses: AddressSpace
  readonly map: MemoryMap
  readonly user: UserMemory
  readonly callPatches: CallPatches | undefined
  /** membarrier(2): MEMBARRIER_CMD_REGISTER_*. */
  membarriers = 0
  readonly #budget: Budget
  readonly #executable: OpenDescription | undefined
  #users = 1

  constructor(map: MemoryMap, budget: Budget, callPatches?: CallPatches, executable?: OpenDescription) {
    this.addresses = map.pages.space
    this.map = map
    this.user = new UserMemory(map)
    this.callPatches = callPatches
    this.#budget = budget
    this.#executable = executable
    if (executable === undefined) return
    executable.references++
    countExecuted(executable.file.inode, 1)
  }

  static create({memory, userTop, costs}: Platform, {executable, patchCalls, ...parts}: SpaceParts): Space {
    const map = new MemoryMap({...parts, memory, userTop, windows: faultWindows(costs)})
    return new Space(map, parts.budget, patchCalls?.(map), executable)
  }

  /** One more process uses it: CLONE_VM. */
  share(): this {
    this.#users++
    return this
  }

  get isShared(): boolean {
    return this.#users > 1
  }

  /**
   * The memory of a forked process: the same pages, which both copy before they write.
   * @param limits of the new process
   * @param budget a part for the new space
   * @param isOnlyTask the calling task is its process's only one
   * @throws Errno ENOMEM, EAGAIN
   */
  fork(limits: ResourceLimits, budget: Budget, isOnlyTask: boolean): Space {
    try {
      const map = forkMap(this.map, limits, budget, isOnlyTask && !this.isShared)
      return new Space(map, budget, this.callPatches?.fork(map), this.#executable)
    } catch (error) {
      budget.giveAll()
      throw error
    }
  }

  /** A process is done with it; the last one removes it. Nothing of that process runs there. */
  release(): void {
    if (--this.#users > 0) return
    this.map.clear()
    this.addresses.dispose()
    this.#budget.giveAll()
    const executable = this.#executable
    if (executable === undefined) return
    countExecuted(executable.file.inode, -1)
    executable.release()
  }
}
