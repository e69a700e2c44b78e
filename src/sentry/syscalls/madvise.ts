// madvise(2).

import {EINVAL, ENOMEM, Errno} from '../../abi/errno.ts'
import * as mman from '../../abi/mman.ts'
import {WORD_END} from '../../abi/word.ts'
import {PAGE_SIZE, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import {type Walk, walk} from '../core/slices.ts'
import type {Syscall} from '../core/syscall.ts'
import * as advice from '../memory/advise.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {changeFlags, forEachPart} from '../memory/populate.ts'
import {pageAlign, VM_DONTDUMP, VM_DONTFORK, VM_SPECIAL, VM_WIPEONFORK} from '../memory/vma.ts'

export const madvise: Syscall = (task, args) => {
  const map = task.process.memoryMap
  const address = args.address(0)
  const advise = advices[args.int32(2)]
  if (advise === undefined || address % PAGE_SIZE !== 0) throw new Errno(EINVAL)
  const wanted = args.address(1)
  if (wanted === 0) return 0
  const length = pageAlign(wanted)
  const end = address + length
  if (length === 0 || end >= WORD_END) throw new Errno(EINVAL)
  const access = populates[args.int32(2)]
  if (access !== undefined) {
    if (end > map.userTop) throw new Errno(ENOMEM)
    return populating.resume(task, {at: address, end, result: 0, map, access})
  }
  // Past user space, nothing is mapped: a hole, which is reported when the rest is done.
  const isCovered = advise(map, address, Math.min(end, map.userTop))
  if (!isCovered || end > map.userTop) throw new Errno(ENOMEM)
  return 0
}

const populating = walk<Walk & {readonly map: MemoryMap; readonly access: number}>(
  'madvise',
  (_task, {map, at, end, access}) => advice.populatePages(map, at, end, access),
)

/** By number; advice that Linux does not know, or was built without, is EINVAL. */
const advices: Record<number, advice.Advice | undefined> = {
  [mman.MADV_NORMAL]: advice.noteAdvice,
  [mman.MADV_RANDOM]: advice.noteAdvice,
  [mman.MADV_SEQUENTIAL]: advice.noteAdvice,
  [mman.MADV_WILLNEED]: advice.noteAdvice,
  [mman.MADV_DONTNEED]: advice.dropPages,
  [mman.MADV_FREE]: advice.freePages,
  [mman.MADV_REMOVE]: advice.removePages,
  [mman.MADV_DONTFORK]: (map, start, end) => changeFlags(map, start, end, VM_DONTFORK, 0),
  [mman.MADV_DOFORK]: (map, start, end) => changeFlags(map, start, end, 0, VM_DONTFORK),
  [mman.MADV_MERGEABLE]: advice.noteAdvice,
  [mman.MADV_UNMERGEABLE]: advice.noteAdvice,
  [mman.MADV_HUGEPAGE]: advice.noteAdvice,
  [mman.MADV_NOHUGEPAGE]: advice.noteAdvice,
  [mman.MADV_DONTDUMP]: (map, start, end) => changeFlags(map, start, end, VM_DONTDUMP, 0),
  [mman.MADV_DODUMP]: doDump,
  [mman.MADV_WIPEONFORK]: wipeOnFork,
  [mman.MADV_KEEPONFORK]: (map, start, end) => changeFlags(map, start, end, 0, VM_WIPEONFORK),
  [mman.MADV_COLD]: advice.coolPages,
  [mman.MADV_PAGEOUT]: advice.coolPages,
  [mman.MADV_POPULATE_READ]: advice.noteAdvice,
  [mman.MADV_POPULATE_WRITE]: advice.noteAdvice,
  [mman.MADV_DONTNEED_LOCKED]: advice.dropLockedPages,
}

/** Advice that takes long. */
const populates: Record<number, number | undefined> = {
  [mman.MADV_POPULATE_READ]: PROT_READ,
  [mman.MADV_POPULATE_WRITE]: PROT_WRITE,
}

/** What is always dumped, or never, stays so. */
function doDump(map: MemoryMap, start: number, end: number): boolean {
  forEachPart(map, start, end, ({flags}) => {
    if (flags & VM_SPECIAL) throw new Errno(EINVAL)
  })
  return changeFlags(map, start, end, 0, VM_DONTDUMP)
}

function wipeOnFork(map: MemoryMap, start: number, end: number): boolean {
  forEachPart(map, start, end, (vma) => {
    if (vma.backing !== undefined) throw new Errno(EINVAL)
  })
  return changeFlags(map, start, end, VM_WIPEONFORK, 0)
}
