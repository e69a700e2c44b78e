// mincore(2): which pages are in memory. Of files on the host, those that some program maps.

import {EINVAL, ENOMEM, Errno} from '../../abi/errno.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import {type Walk, walk} from '../core/slices.ts'
import type {Syscall} from '../core/syscall.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {forEachPart} from '../memory/populate.ts'

/** Bytes of the vector written at once, one for each page. */
const BATCH_PAGES = 4096
/** Each is looked up, in its file too: some 10 ms. */
const SLICE = 64 * BATCH_PAGES

export const mincore: Syscall = (task, args) => {
  const map = task.process.memoryMap
  const address = args.address(0)
  const length = args.address(1)
  const vector = args.address(2)
  if (address % PAGE_SIZE !== 0) throw new Errno(EINVAL)
  if (address + length > map.userTop) throw new Errno(ENOMEM)
  const first = address / PAGE_SIZE
  const count = Math.ceil(length / PAGE_SIZE)
  task.memory.check(vector, count)

  return looking.resume(task, {at: 0, end: count, result: 0, map, first, vector})
}

interface Looking extends Walk {
  readonly map: MemoryMap
  readonly first: number
  readonly vector: number
}

const looking = walk<Looking>('mincore', (task, {at, end, map, first, vector}) => {
  const sliceEnd = Math.min(end, at + SLICE)
  for (; at < sliceEnd; at += BATCH_PAGES) {
    const pages = Math.min(BATCH_PAGES, end - at)
    const start = first + at
    if (!map.vmas.covers(start * PAGE_SIZE, (start + pages) * PAGE_SIZE)) throw new Errno(ENOMEM)
    task.memory.writeBytes(vector + at, residenceOf(map, start, pages))
  }
  return at
})

/** A byte for each page: 1 if the process has it, or, where it does not, its file or shared memory. */
function residenceOf(map: MemoryMap, first: number, count: number): Uint8Array {
  const residence = new Uint8Array(count)
  map.pages.forEach(first, first + count, (page) => {
    residence[page - first] = 1
  })
  forEachPart(map, first * PAGE_SIZE, (first + count) * PAGE_SIZE, (vma, start, end) => {
    const mappable = vma.backing?.mappable
    if (mappable === undefined) return
    for (let page = start / PAGE_SIZE; page < end / PAGE_SIZE; page++) {
      const filePage = vma.filePage(page)
      if (mappable.isResident?.(filePage) ?? mappable.hasPage?.(filePage)) residence[page - first] = 1
    }
  })
  return residence
}
