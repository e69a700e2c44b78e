// madvise(2): the advice that has an effect here. The system call decodes it.

import {EACCES, EFAULT, EINVAL, ENOMEM, EOPNOTSUPP, Errno} from '../../abi/errno.ts'
import {PAGE_SIZE, PROT_WRITE} from '../../platform/platform.ts'
import {SLICE_PAGES} from '../core/slices.ts'
import {OUT_OF_MEMORY} from './fault-signal.ts'
import type {MemoryMap} from './memory-map.ts'
import {forEachPart, populate} from './populate.ts'
import {VM_LOCKED, VM_SPECIAL, type Vma} from './vma.ts'

/** Each returns whether the range has no holes (otherwise the call ends in ENOMEM, with the rest done). */
export type Advice = (map: MemoryMap, start: number, end: number) => boolean

/** MADV_DONTNEED: anonymous pages read as zero, file pages are read anew. */
export const dropPages = unless(VM_LOCKED | VM_SPECIAL, drop)

/** MADV_DONTNEED_LOCKED. */
export const dropLockedPages = unless(VM_SPECIAL, drop)

/** MADV_COLD, MADV_PAGEOUT: nothing is paged out here. */
export const coolPages = unless(VM_LOCKED | VM_SPECIAL, () => {})

/** MADV_FREE: as on Linux, the pages go only when memory runs short; touching a freed page costs a fault. */
export const freePages: Advice = (map, start, end) => {
  const isShort = map.memory.inUseBytes > map.memory.size / 2
  return forEachPart(map, start, end, (vma, from, to) => {
    if (vma.backing !== undefined || vma.flags & VM_LOCKED) throw new Errno(EINVAL)
    if (isShort) drop(map, vma, from, to)
  })
}

/** MADV_REMOVE: makes a hole in shared memory or, like fallocate(2), in a file. */
export const removePages: Advice = (map, start, end) => {
  return forEachPart(map, start, end, (vma, from, to) => {
    if (vma.flags & (VM_LOCKED | VM_SPECIAL) || vma.backing === undefined) throw new Errno(EINVAL)
    if (!vma.isShared || !(vma.maxProtection & PROT_WRITE)) throw new Errno(EACCES)
    if (vma.backing.punch === undefined) throw new Errno(EOPNOTSUPP)
    vma.backing.punch(vma.filePage(from / PAGE_SIZE) * PAGE_SIZE, to - from)
  })
}

/**
 * MADV_POPULATE_READ (access PROT_READ) and _WRITE (PROT_WRITE), a slice of it.
 * @returns where the next one begins
 * @throws Errno as man 2 madvise says; ENOMEM at a hole
 */
export function populatePages(map: MemoryMap, start: number, end: number, access: number): number {
  const sliceEnd = Math.min(end, start + SLICE_PAGES * PAGE_SIZE)
  let at = start
  while (at < sliceEnd) {
    const vma = map.vmas.at(at)
    if (vma === undefined) throw new Errno(ENOMEM)
    if ((vma.protection & access) === 0) throw new Errno(EINVAL)
    const outcome = populate(map, at, Math.min(sliceEnd, vma.end), access)
    if (typeof outcome !== 'number') throw new Errno(outcome === OUT_OF_MEMORY ? ENOMEM : EFAULT)
    at = outcome
  }
  return at
}

/** Advice about future use, which changes nothing. */
export const noteAdvice: Advice = (map, start, end) => map.vmas.covers(start, end)

/** @param refused flags of mappings for which the advice is EINVAL */
function unless(refused: number, act: typeof drop): Advice {
  return (map, start, end) =>
    forEachPart(map, start, end, (vma, from, to) => {
      if (vma.flags & refused) throw new Errno(EINVAL)
      act(map, vma, from, to)
    })
}

function drop(map: MemoryMap, vma: Vma, start: number, end: number): void {
  // What was written through a shared mapping stays in the file.
  map.markDirty(vma, start, end)
  map.pages.remove(start / PAGE_SIZE, end / PAGE_SIZE)
}
