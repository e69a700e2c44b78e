// lseek(2) over a file with a size.

import {EINVAL, ENXIO, Errno} from '../abi/errno.ts'
import {SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET} from '../abi/open-flags.ts'
import {EXACT_END} from '../abi/word.ts'

/** The largest file offset (s_maxbytes): larger numbers are not exact. */
export const MAX_OFFSET = EXACT_END - 1

/**
 * The new offset. Holes are unknown here: a file is data up to its end.
 * @throws Errno EINVAL, ENXIO
 */
export function seekTo(offset: number, whence: number, position: number, size: number): number {
  if (whence === SEEK_DATA || whence === SEEK_HOLE) {
    if (offset < 0 || offset >= size) throw new Errno(ENXIO)
    return whence === SEEK_DATA ? offset : size
  }
  const target = seekOrigin(whence, position, size) + offset
  if (target < 0 || target > MAX_OFFSET) throw new Errno(EINVAL)
  return target
}

function seekOrigin(whence: number, position: number, size: number): number {
  if (whence === SEEK_SET) return 0
  if (whence === SEEK_CUR) return position
  if (whence === SEEK_END) return size
  throw new Errno(EINVAL)
}
