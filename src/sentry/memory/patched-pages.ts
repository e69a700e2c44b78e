// Code pages in which call sites were patched: a process's own copies, which it does not know of.

import {PAGE_SIZE} from '../../platform/platform.ts'
import type {MemoryMap} from './memory-map.ts'
import {ENTRY_PATCHED} from './page-table.ts'
import {VM_TRAMPOLINES, type Vma} from './vma.ts'

/** For code about to be written, moved or lost: by the next fault there, it is as in its file. */
export function restoreCode(map: MemoryMap, start: number, end: number): void {
  const patched: number[] = []
  map.pages.forEach(start / PAGE_SIZE, end / PAGE_SIZE, (page, entry) => {
    if (entry & ENTRY_PATCHED) patched.push(page)
  })
  for (const page of patched) map.pages.remove(page, page + 1)
}

/** Call before a change to (a part of) `vma`: without its trampolines, no patch may stay. */
export function restoreBefore(map: MemoryMap, vma: Vma, start = vma.start, end = vma.end): void {
  if (vma.flags & VM_TRAMPOLINES) map.onTrampolinesLost?.()
  else if (vma.backing !== undefined && !vma.isShared) restoreCode(map, start, end)
}
