// getrandom(2).

import {MAX_RW_COUNT} from '../../abi/at-flags.ts'
import {EINVAL, Errno} from '../../abi/errno.ts'
import {PROT_WRITE} from '../../platform/platform.ts'
import {fillRandom} from '../../vfs/random.ts'
import {nextSlice, SLICE_BYTES} from '../core/slices.ts'
import type {Syscall} from '../core/syscall.ts'

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

  let done = 0
  const fill = (): number => {
    const sliceEnd = Math.min(length, done + SLICE_BYTES)
    while (done < sliceEnd) {
      // A fault after the first byte shortens the result, as in Linux.
      try {
        const wanted = Math.min(CHUNK_BYTES, sliceEnd - done)
        done += fillRandom(task.memory.view(address + done, wanted, PROT_WRITE)).length
      } catch (error) {
        if (done > 0 && error instanceof Errno) return done
        throw error
      }
    }
    return done < length ? nextSlice(task, fill, {moved: () => done}) : done
  }
  return fill()
}
