// getrandom(2).

import {MAX_RW_COUNT} from '../../abi/at-flags.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {PROT_WRITE} from '../../platform/platform.ts'
import {nextSlice, SLICE_BYTES} from '../core/slices.ts'
import type {Syscall} from '../core/syscall.ts'
import {continuation} from '../core/wait.ts'

const GRND_NONBLOCK = 1
const GRND_RANDOM = 2
const GRND_INSECURE = 4

const CHUNK_BYTES = 64 * 1024

export const getrandom: Syscall = (task, args) => {
  const address = args.address(0)
  const length = Math.min(args.address(1), MAX_RW_COUNT)
  const flags = args.uint32(2)
  if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) throw new Errno(EINVAL)
  if ((flags & (GRND_RANDOM | GRND_INSECURE)) === (GRND_RANDOM | GRND_INSECURE)) throw new Errno(EINVAL)

  return filling.resume(task, {address, length, done: 0})
}

const filling = continuation<{readonly address: number; readonly length: number; done: number}>({
  name: 'getrandom',
  resume: (task, progress): number => {
    const {address, length} = progress
    const {random} = task.kernel.host
    const sliceEnd = Math.min(length, progress.done + SLICE_BYTES)
    while (progress.done < sliceEnd) {
      // A fault after the first byte shortens the result, as in Linux.
      try {
        const wanted = Math.min(CHUNK_BYTES, sliceEnd - progress.done)
        progress.done += random.fill(task.memory.view(address + progress.done, wanted, PROT_WRITE)).length
      } catch (error) {
        if (progress.done > 0 && error instanceof Errno) return progress.done
        throw error
      }
    }
    return progress.done < length ? nextSlice(task, filling, progress, false) : progress.done
  },
  bytesDone: (_task, {done}) => done,
})
