// mincore(2): which pages are populated. File pages that only other processes have count as absent.

import {EINVAL, ENOMEM, Errno} from '../../abi/errno.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import {nextSlice, SLICE_BYTES} from '../slices.ts'
import type {Syscall} from './syscall.ts'

/** Bytes of the vector written at once, one for each page. */
const BATCH_PAGES = 4096

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

  let done = 0
  const look = (): number => {
    const sliceEnd = Math.min(count, done + SLICE_BYTES)
    for (; done < sliceEnd; done += BATCH_PAGES) {
      const pages = Math.min(BATCH_PAGES, count - done)
      const start = first + done
      if (!map.vmas.covers(start * PAGE_SIZE, (start + pages) * PAGE_SIZE)) throw new Errno(ENOMEM)
      const residence = new Uint8Array(pages)
      map.pages.forEach(start, start + pages, (page) => {
        residence[page - start] = 1
      })
      task.memory.writeBytes(vector + done, residence)
    }
    return done < count ? nextSlice(task, look) : 0
  }
  return look()
}
