// mprotect(2): changes the protection of mappings and of their pages.

import {EACCES, ENOMEM, Errno} from '../../abi/errno.ts'
import {PAGE_SIZE, PROT_WRITE} from '../../platform/platform.ts'
import {checkExpansion} from './accounting.ts'
import type {MemoryMap} from './memory-map.ts'
import {ENTRY_GUARDED, MapBatch} from './page-table.ts'
import {withProtection} from './pager.ts'
import {restoreBefore} from './patched-pages.ts'
import {VM_GROWSDOWN, type Vma} from './vma.ts'

/**
 * Whole pages. What comes before a hole or a refusal is changed, as on Linux.
 * @throws Errno ENOMEM: a hole, a limit, too many mappings; EACCES: the file was not opened for it
 */
export function protect(map: MemoryMap, start: number, end: number, protection: number): void {
  const {vmas} = map
  const isCovered = vmas.covers(start, end)
  const affected = vmas.carve(start, end)
  try {
    let reached = start
    for (const vma of affected) {
      if (vma.start > reached) break
      protectOne(map, vma, protection)
      reached = vma.end
    }
  } finally {
    vmas.join(start, end)
  }
  if (!isCovered) throw new Errno(ENOMEM)
}

function protectOne(map: MemoryMap, vma: Vma, protection: number): void {
  if (protection & ~vma.maxProtection) throw new Errno(EACCES)
  if (protection === vma.protection) return
  const canBeData = !vma.isShared && !(vma.flags & VM_GROWSDOWN)
  if (canBeData && protection & PROT_WRITE && !vma.isData) {
    checkExpansion(map.vmas, map.limits, 0, vma.end - vma.start)
  }
  // A shared file page that becomes writable again must fault again: its file may have been synced meanwhile.
  const guards = vma.isShared && vma.backing !== undefined && (protection & PROT_WRITE) === 0
  if (guards) map.markDirty(vma, vma.start, vma.end)

  restoreBefore(map, vma)
  vma.protection = protection
  const batch = new MapBatch(map.pages.space, {lazily: true})
  map.pages.forEach(vma.start / PAGE_SIZE, vma.end / PAGE_SIZE, (page, entry) => {
    const changed = withProtection(guards ? entry | ENTRY_GUARDED : entry, protection)
    if (changed === entry) return
    map.pages.set(page, changed)
    batch.add(page, changed)
  })
  batch.commit()
}
