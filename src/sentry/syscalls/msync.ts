// msync(2).

import {EBUSY, EINVAL, ENOMEM, Errno} from '../../abi/errno.ts'
import {MS_ASYNC, MS_INVALIDATE, MS_SYNC} from '../../abi/mman.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Syscall} from '../core/syscall.ts'
import {forEachPart} from '../memory/populate.ts'
import {pageAlign, VM_LOCKED} from '../memory/vma.ts'

export const msync: Syscall = (task, args) => {
  const map = task.process.memoryMap
  const address = args.address(0)
  const flags = args.int32(2)
  if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) throw new Errno(EINVAL)
  if (address % PAGE_SIZE !== 0) throw new Errno(EINVAL)
  if (flags & MS_ASYNC && flags & MS_SYNC) throw new Errno(EINVAL)
  const end = address + pageAlign(args.address(1))
  if (end === address) return 0
  if (end > map.userTop) throw new Errno(ENOMEM)

  const isCovered = forEachPart(map, address, end, (vma, from, to) => {
    if (flags & MS_INVALIDATE && vma.flags & VM_LOCKED) throw new Errno(EBUSY)
    if (flags & MS_SYNC) map.flush(vma, from, to)
    else map.markDirty(vma, from, to)
  })
  if (!isCovered) throw new Errno(ENOMEM)
  return 0
}
