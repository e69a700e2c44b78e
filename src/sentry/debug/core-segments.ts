// Which of a program's memory goes into its core file: what it made, as in core(5)'s default filter; files are on disk.

import {PF_R, PF_W, PF_X} from '../../abi/elf.ts'
import {type CoreSegment, MAX_SEGMENTS} from '../../core/core-file.ts'
import {PAGE_SIZE, PROT_EXEC, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {ENTRY_GUARDED, ENTRY_PATCHED, ENTRY_WRITTEN, type Entry} from '../memory/page-table.ts'
import {entryOffset} from '../memory/pager.ts'
import {SharedMemory} from '../memory/shared-memory.ts'
import {VM_DONTDUMP, VM_SPECIAL, type Vma} from '../memory/vma.ts'

/** Up to this many untouched pages on either side are zeros in the core, as a debugger would see them, not a gap. */
const FILLED_PAGES = 2 ** 18
/** Of one mapping. Beyond it, only touched pages are in the core, and nothing around them. */
const MAX_FILLED_BYTES = 2 ** 36
/** File systems allow files of 16 TiB, zeros included. */
const MAX_DUMPED_BYTES = 2 ** 40
const MAX_PIECE_PAGES = 256
const ZEROS = new Uint8Array(PAGE_SIZE)

/**
 * By address. All together hold no more non-zero bytes than guest memory, though a page may be mapped a thousand
 * times: segments beyond that are listed without their bytes.
 */
export function coreSegments(map: MemoryMap): CoreSegment[] {
  const segments: CoreSegment[] = []
  let pagesLeft = map.memory.size / PAGE_SIZE
  let bytesLeft = MAX_DUMPED_BYTES
  const add = (segment: CoreSegment): void => {
    if (segments.length < MAX_SEGMENTS - 1) segments.push(segment)
  }
  for (const vma of map.vmas) {
    const flags = flagsOf(vma)
    const filled = runsOf(map, vma, FILLED_PAGES)
    const bytes = filled.reduce((sum, {first, end}) => sum + (end - first) * PAGE_SIZE, 0)
    const runs = bytes > MAX_FILLED_BYTES ? runsOf(map, vma, 0) : filled
    for (const {first, end, pages} of runs) {
      const [address, length] = [first * PAGE_SIZE, (end - first) * PAGE_SIZE]
      pagesLeft -= pages
      bytesLeft -= length
      add({address, length, flags, isDumped: pagesLeft >= 0 && bytesLeft >= 0})
    }
    if (runs.length === 0) add({address: vma.start, length: vma.end - vma.start, flags, isDumped: false})
  }
  return segments
}

/** For writeCore: populated pages that are not zero, each contiguous run at once. */
export function segmentContents(
  {pages, memory}: MemoryMap,
  {address, length}: CoreSegment,
  give: (bytes: Uint8Array, offset: number) => void,
): void {
  const first = address / PAGE_SIZE
  let run = {page: 0, offset: 0, count: 0}
  const flush = (): void => {
    if (run.count === 0) return
    const bytes = memory.bytes.subarray(run.offset, run.offset + run.count * PAGE_SIZE)
    give(bytes, (run.page - first) * PAGE_SIZE)
  }
  pages.forEach(first, first + length / PAGE_SIZE, (page, entry) => {
    const offset = entryOffset(entry)
    const isNext = page === run.page + run.count && offset === run.offset + run.count * PAGE_SIZE
    if (Buffer.compare(memory.bytes.subarray(offset, offset + PAGE_SIZE), ZEROS) === 0) return
    if (isNext && run.count < MAX_PIECE_PAGES) {
      run.count++
      return
    }
    flush()
    run = {page, offset, count: 1}
  })
  flush()
}

interface Run {
  first: number
  end: number
  /** Populated pages. */
  pages: number
}

/** @param fill untouched pages on either side to include as zeros */
function runsOf(map: MemoryMap, vma: Vma, fill: number): Run[] {
  const isWanted = filterOf(vma)
  if (isWanted === undefined) return []
  const gap = vma.backing === undefined || vma.isShared ? fill : 0
  const runs: Run[] = []
  map.pages.forEach(vma.start / PAGE_SIZE, vma.end / PAGE_SIZE, (page, entry) => {
    if (!isWanted(page, entry)) return
    const last = runs.at(-1)
    const first = Math.max(page - gap, vma.start / PAGE_SIZE)
    const end = Math.min(page + 1 + gap, vma.end / PAGE_SIZE)
    if (last !== undefined && first <= last.end) {
      last.end = end
      last.pages++
    } else if (runs.length < MAX_SEGMENTS) runs.push({first, end, pages: 1})
  })
  return runs
}

/** Undefined: nothing of it goes in. */
function filterOf(vma: Vma): ((page: number, entry: Entry) => boolean) | undefined {
  if (vma.flags & VM_DONTDUMP) return undefined
  const {backing} = vma
  if (backing === undefined || vma.flags & VM_SPECIAL || backing instanceof SharedMemory) return () => true
  if (vma.isShared) return undefined
  // Written pages, and a file's first page, which has its build id.
  return (page, entry) => isWritten(entry) || (vma.filePage(page) === 0 && page * PAGE_SIZE === vma.start)
}

function isWritten(entry: Entry): boolean {
  if (entry & ENTRY_PATCHED) return false
  return !(entry & ENTRY_GUARDED) || (entry & ENTRY_WRITTEN) !== 0
}

function flagsOf({protection}: Vma): number {
  return (
    (protection & PROT_READ ? PF_R : 0) |
    (protection & PROT_WRITE ? PF_W : 0) |
    (protection & PROT_EXEC ? PF_X : 0)
  )
}
