// Populating ahead of the guest: MAP_POPULATE, mlock(2), MADV_POPULATE_*.

import {EAGAIN, ENOMEM, Errno} from '../../abi/errno.ts'
import {PAGE_SIZE, PROT_NONE, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import {SLICE_PAGES, type Walk, walk} from '../core/slices.ts'
import type {Task} from '../core/task.ts'
import {type FaultSignal, OUT_OF_MEMORY} from './fault-signal.ts'
import type {MemoryMap} from './memory-map.ts'
import {ENTRY_PROTECTION} from './page-table.ts'
import type {Vma} from './vma.ts'

/**
 * Makes pages of [start, end) accessible, at most a slice of them.
 * @returns the address after the last one, or the signal for the first page that cannot be made accessible
 */
export function populate(map: MemoryMap, start: number, end: number, access: number): number | FaultSignal {
  const sliceEnd = Math.min(end / PAGE_SIZE, start / PAGE_SIZE + SLICE_PAGES)
  for (let page = start / PAGE_SIZE; page < sliceEnd; page++) {
    if ((map.pages.get(page) & ENTRY_PROTECTION & access) !== 0) continue
    const outcome = map.handleFault(page * PAGE_SIZE, access, sliceEnd - page)
    if (outcome !== true) return outcome
  }
  return sliceEnd * PAGE_SIZE
}

/**
 * Like mm_populate: each mapping for its likely use. Failures are left to later faults, unless all `must` be there: mlock(2).
 * @throws Errno ENOMEM, EAGAIN: out of memory
 * @returns where the next slice begins: `end` if there is none
 */
function populateAhead(map: MemoryMap, start: number, end: number, must = false): number {
  let left = SLICE_PAGES * PAGE_SIZE
  for (const vma of map.vmas.within(start, end)) {
    if (vma.protection === PROT_NONE) {
      if (must) throw new Errno(ENOMEM)
      continue
    }
    const access = vma.protection & PROT_WRITE && !vma.isShared ? PROT_WRITE : PROT_READ
    const from = Math.max(start, vma.start)
    const reached = populate(map, from, Math.min(end, vma.end, from + left), access)
    if (typeof reached !== 'number') {
      if (must) throw new Errno(reached === OUT_OF_MEMORY ? EAGAIN : ENOMEM)
      return end
    }
    left -= reached - from
    if (left === 0) return reached
  }
  return end
}

/** Sets and clears VM_ flags on [start, end). @returns whether the range has no holes @throws Errno ENOMEM */
export function changeFlags(map: MemoryMap, start: number, end: number, set: number, clear: number): boolean {
  const isCovered = map.vmas.covers(start, end)
  for (const vma of map.vmas.carve(start, end)) vma.flags = (vma.flags & ~clear) | set
  map.vmas.join(start, end)
  return isCovered
}

/** Calls `visit` with the part of each mapping that lies in [start, end). @returns whether the range has no holes */
export function forEachPart(
  map: MemoryMap,
  start: number,
  end: number,
  visit: (vma: Vma, start: number, end: number) => void,
): boolean {
  for (const vma of map.vmas.within(start, end))
    visit(vma, Math.max(start, vma.start), Math.min(end, vma.end))
  return map.vmas.covers(start, end)
}

/** Populates [start, end) in slices; the call's result is `result`. @throws Errno as populateAhead */
export function populateRange(task: Task, start: number, end: number, result: number, must = false): number {
  return populating.resume(task, {at: start, end, result, map: task.process.memoryMap, must})
}

const populating = walk<Walk & {readonly map: MemoryMap; readonly must: boolean}>(
  'populate',
  (_task, {map, at, end, must}) => populateAhead(map, at, end, must),
)
