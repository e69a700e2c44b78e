// mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2). Guest memory is never swapped here:
// a lock populates, counts against RLIMIT_MEMLOCK, and keeps MADV_DONTNEED away.

import {EINVAL, ENOMEM, EPERM, Errno} from '../../abi/errno.ts'
import {MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT, MLOCK_ONFAULT} from '../../abi/mman.ts'
import {WORD_END} from '../../abi/word.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {canLock, lockedBytes, lockLimit, mappedBytes} from '../memory/accounting.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {changeFlags, forEachPart, populateRange} from '../memory/populate.ts'
import {pageAlign, VM_LOCKED, VM_LOCKONFAULT} from '../memory/vma.ts'

const LOCK_FLAGS = VM_LOCKED | VM_LOCKONFAULT

export const mlock: Syscall = (task, args) => lockRange(task, args.address(0), args.address(1), VM_LOCKED)

export const mlock2: Syscall = (task, args) => {
  const flags = args.int32(2)
  if (flags & ~MLOCK_ONFAULT) throw new Errno(EINVAL)
  return lockRange(task, args.address(0), args.address(1), flags === 0 ? VM_LOCKED : LOCK_FLAGS)
}

export const munlock: Syscall = (task, args) => {
  const map = task.process.memoryMap
  const [start, end] = pagesOf(args.address(0), args.address(1))
  checkRange(map, start, end)
  if (start === end) return 0
  if (!changeFlags(map, start, end, 0, LOCK_FLAGS)) throw new Errno(ENOMEM)
  return 0
}

export const mlockall: Syscall = (task, args) => {
  const map = task.process.memoryMap
  const flags = args.int32(0)
  const isKnown = (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) === 0
  if (!isKnown || !(flags & (MCL_CURRENT | MCL_FUTURE))) throw new Errno(EINVAL)
  if (!canLock(task)) throw new Errno(EPERM)
  if (flags & MCL_CURRENT && mappedBytes(map.vmas) > lockLimit(task)) throw new Errno(ENOMEM)

  const vmFlags = flags & MCL_ONFAULT ? LOCK_FLAGS : VM_LOCKED
  map.defaultFlags = flags & MCL_FUTURE ? vmFlags : 0
  if (!(flags & MCL_CURRENT)) return 0
  changeFlags(map, 0, map.userTop, vmFlags, LOCK_FLAGS)
  return vmFlags === VM_LOCKED ? populateRange(task, 0, map.userTop, 0) : 0
}

export const munlockall: Syscall = (task) => {
  const map = task.process.memoryMap
  map.defaultFlags = 0
  changeFlags(map, 0, map.userTop, 0, LOCK_FLAGS)
  return 0
}

function lockRange(task: Task, address: number, length: number, flags: number): number {
  const map = task.process.memoryMap
  if (!canLock(task)) throw new Errno(EPERM)
  const [start, end] = pagesOf(address, length)
  let added = end - start
  forEachPart(map, start, Math.min(end, map.userTop), (vma, from, to) => {
    if (vma.flags & VM_LOCKED) added -= to - from
  })
  if (lockedBytes(map.vmas) + added > lockLimit(task)) throw new Errno(ENOMEM)
  checkRange(map, start, end)
  if (start === end) return 0
  if (!changeFlags(map, start, end, flags, LOCK_FLAGS)) throw new Errno(ENOMEM)
  if (flags !== VM_LOCKED) return 0
  return populateRange(task, start, end, 0, true)
}

/** The pages that the range touches. */
function pagesOf(address: number, length: number): [start: number, end: number] {
  const start = address - (address % PAGE_SIZE)
  return [start, start + pageAlign(length + (address % PAGE_SIZE))]
}

/** @throws Errno EINVAL when the range wraps; ENOMEM outside user space */
function checkRange(map: MemoryMap, start: number, end: number): void {
  if (end >= WORD_END) throw new Errno(EINVAL)
  if (end > map.userTop && end !== start) throw new Errno(ENOMEM)
}
