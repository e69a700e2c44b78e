// mremap(2).

import {EINVAL, Errno} from '../../abi/errno.ts'
import {MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE} from '../../abi/mman.ts'
import type {Syscall} from '../core/syscall.ts'
import {populateRange} from '../memory/populate.ts'
import {remap} from '../memory/remap.ts'
import {pageAlign, VM_LOCKED} from '../memory/vma.ts'

export const mremap: Syscall = (task, args) => {
  const map = task.process.memoryMap
  const oldLength = args.address(1)
  const newLength = args.address(2)
  const flags = args.address(3)
  if (flags > (MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) throw new Errno(EINVAL)
  const mayMove = (flags & MREMAP_MAYMOVE) !== 0
  const keepsOld = (flags & MREMAP_DONTUNMAP) !== 0
  const isFixed = (flags & MREMAP_FIXED) !== 0
  if (!mayMove && (isFixed || keepsOld)) throw new Errno(EINVAL)
  if (keepsOld && pageAlign(oldLength) !== pageAlign(newLength)) throw new Errno(EINVAL)

  const target = isFixed ? args.address(4) : undefined
  const start = remap(map, {address: args.address(0), oldLength, newLength, mayMove, keepsOld, target})
  const vma = map.vmas.at(start)
  const isLocked = vma !== undefined && (vma.flags & VM_LOCKED) !== 0
  return isLocked ? populateRange(task, start, start + pageAlign(newLength), start) : start
}
