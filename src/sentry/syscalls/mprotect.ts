// mprotect(2).

import {EINVAL, ENOMEM, Errno} from '../../abi/errno.ts'
import {PROT_GROWSDOWN, PROT_GROWSUP, PROT_SEM} from '../../abi/mman.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Syscall} from '../core/syscall.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {protect} from '../memory/protect.ts'
import {PROT_ALL, pageAlign, VM_GROWSDOWN} from '../memory/vma.ts'

export const mprotect: Syscall = (task, args) => {
  const map = task.process.memoryMap
  const address = args.address(0)
  const length = args.address(1)
  // All 64 bits count.
  const protection = args.address(2)
  const grows = protection & (PROT_GROWSDOWN | PROT_GROWSUP)
  if (grows === (PROT_GROWSDOWN | PROT_GROWSUP)) throw new Errno(EINVAL)
  if (address % PAGE_SIZE !== 0) throw new Errno(EINVAL)
  if (length === 0) return 0
  const end = address + pageAlign(length)
  if (end === address || end > map.userTop) throw new Errno(ENOMEM)
  if (protection > 0xffff_ffff || protection & ~(PROT_ALL | PROT_SEM | grows)) throw new Errno(EINVAL)

  const start = grows === 0 ? address : growingStart(map, address, end, grows)
  protect(map, start, end, protection & PROT_ALL)
  return 0
}

/** PROT_GROWSDOWN: from the start of the stack that the range is in. No mapping grows up on our architectures. */
function growingStart(map: MemoryMap, address: number, end: number, grows: number): number {
  const vma = map.vmas.get(map.vmas.indexAfter(address))
  if (vma === undefined || vma.start >= end) throw new Errno(ENOMEM)
  if (grows === PROT_GROWSUP || !(vma.flags & VM_GROWSDOWN)) throw new Errno(EINVAL)
  return vma.start
}
