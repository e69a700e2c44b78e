// lseek(2) over a file with a size.

import {EINVAL, ENXIO, Errno} from '../abi/errno.ts'
import {SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET} from '../abi/open-flags.ts'

/** The largest file offset hv knows: 2^53 - 1 stands for Linux's 2^63 - 1. */
export const MAX_OFFSET = Number.MAX_SAFE_INTEGER

/**
 * The new offset. Without knowledge of holes a file is data up to its end.
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
