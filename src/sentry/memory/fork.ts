// fork(2)'s half of memory: the mappings and page tables of a new process, which share every page until one side writes.

import {PAGE_SIZE, PROT_WRITE} from '../../platform/platform.ts'
import type {Budget} from '../../vfs/budget.ts'
import type {ResourceLimits} from '../core/resource-limits.ts'
import {MemoryMap} from './memory-map.ts'
import {
  ENTRY_GUARDED,
  ENTRY_SHIFT,
  ENTRY_WRITTEN,
  type Entry,
  MapBatch,
  type PageTable,
} from './page-table.ts'
import {entryOffset, withOffset} from './pager.ts'
import {VM_DONTFORK, VM_LOCKED, VM_LOCKONFAULT, VM_WIPEONFORK, Vma} from './vma.ts'

/** Both the forking process and its child write again where it wrote before: a fault of each costs more than a copy. */
const FEW_PAGES = 32

/**
 * Write-protects the pages of private mappings on both sides, with one commit, before the new process has them. None is copied,
 * except those that can be written now, if they are few and there is room: usually, what was written since the last fork.
 * @param isStill nobody writes meanwhile, so that copies made one by one are all of one moment
 * @throws Errno ENOMEM, EAGAIN; only the protection is left behind then, which faults remove again
 */
export function forkMap(
  parent: MemoryMap,
  limits: ResourceLimits,
  budget: Budget,
  isStill: boolean,
): MemoryMap {
  protectPrivatePages(parent, isStill ? FEW_PAGES : 0)
  const space = parent.pages.space.fork()
  const {memory, userTop, windows, placement} = parent
  const map = new MemoryMap({space, limits, budget, memory, userTop, windows, mmapBase: placement.base})
  try {
    const copies = new MapBatch(space)
    for (const vma of parent.vmas) forkMapping(parent, map, vma, copies)
    copies.commit()
    // Removes copied tables that the child does not get.
    for (const {flags, start, end} of parent.vmas)
      if (flags & (VM_DONTFORK | VM_WIPEONFORK)) space.unmap(start, end - start)
    space.commit()
  } catch (error) {
    map.clear()
    space.dispose()
    throw error
  }
  map.heap.copyFrom(parent.heap)
  return map
}

/** @param few how many writable pages stay writable */
function protectPrivatePages({vmas, pages, memory}: MemoryMap, few: number): void {
  const most = memory.inUseBytes > memory.size / 2 ? 0 : few
  const batch = new MapBatch(pages.space, {lazily: true})
  const guard = (page: number, entry: Entry): void => {
    const guarded = (entry | ENTRY_GUARDED | ENTRY_WRITTEN) & ~PROT_WRITE
    pages.set(page, guarded)
    if (entry & PROT_WRITE) batch.add(page, guarded)
  }
  const written: number[] = []
  for (const vma of vmas) {
    if (vma.isShared) continue
    pages.forEach(vma.start / PAGE_SIZE, vma.end / PAGE_SIZE, (page, entry) => {
      if (entry & ENTRY_GUARDED) return
      if (entry & PROT_WRITE && written.length <= most) written.push(page)
      else guard(page, entry)
    })
  }
  if (written.length > most) for (const page of written) guard(page, pages.get(page))
  batch.commit()
}

function forkMapping(parent: MemoryMap, child: MemoryMap, vma: Vma, copies: MapBatch): void {
  if (vma.flags & VM_DONTFORK) return
  const copy = new Vma(vma)
  copy.flags &= ~(VM_LOCKED | VM_LOCKONFAULT)
  child.vmas.append(copy)
  if (!(vma.flags & VM_WIPEONFORK)) inheritPages(parent.pages, child.pages, vma, copies)
}

/** References are taken run by run. */
function inheritPages(from: PageTable, to: PageTable, vma: Vma, copies: MapBatch): void {
  let runPage = 0
  let runLength = 0
  const takeRun = (): void => {
    if (runLength > 0) from.memory.share(runPage * PAGE_SIZE, runLength * PAGE_SIZE)
    runLength = 0
  }
  try {
    from.forEach(vma.start / PAGE_SIZE, vma.end / PAGE_SIZE, (page: number, entry: Entry) => {
      if (!vma.isShared && entry & PROT_WRITE) {
        copies.add(page, copyPage(to, page, entry))
        return
      }
      to.set(page, entry)
      const filePage = entry >>> ENTRY_SHIFT
      if (runLength === 0 || filePage !== runPage + runLength) {
        takeRun()
        runPage = filePage
      }
      runLength++
    })
  } finally {
    // Also for entries made before the tables ran out of room.
    takeRun()
  }
}

/** @returns the entry of the copy */
function copyPage(to: PageTable, page: number, entry: Entry): Entry {
  to.reserve(page)
  const offset = to.memory.copyPage(entryOffset(entry))
  const copy = withOffset(entry, offset)
  to.set(page, copy)
  return copy
}
