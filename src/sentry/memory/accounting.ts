// How a process's mappings count: VmSize, VmData, VmLck, and the limits on them.
// Each count walks them anew: only processes with a limit and /proc ask.

import {CAP_IPC_LOCK, hasCapability} from '../../abi/capability.ts'
import {EAGAIN, ENOMEM, Errno} from '../../abi/errno.ts'
import {
  type ResourceLimits,
  RLIMIT_AS,
  RLIMIT_DATA,
  RLIMIT_MEMLOCK,
  UNLIMITED,
} from '../core/resource-limits.ts'
import type {Task} from '../core/task.ts'
import {VM_LOCKED, VM_NORESERVE, type Vma} from './vma.ts'
import type {VmaList} from './vma-list.ts'

/** Linux refuses a single mapping larger than all memory; ours may be a small slice of the host's. */
const MIN_OVERCOMMIT = 4 * 2 ** 30

export const mappedBytes = (vmas: Iterable<Vma>): number => bytesOf(vmas, () => true)
/** What RLIMIT_DATA counts. */
export const dataBytes = (vmas: Iterable<Vma>): number => bytesOf(vmas, ({isData}) => isData)
export const lockedBytes = (vmas: Iterable<Vma>): number =>
  bytesOf(vmas, ({flags}) => (flags & VM_LOCKED) !== 0)

function bytesOf(vmas: Iterable<Vma>, counts: (vma: Vma) => boolean): number {
  let total = 0
  for (const vma of vmas) if (counts(vma)) total += vma.end - vma.start
  return total
}

/** Mapped bytes in [start, end). */
export function bytesWithin(vmas: VmaList, start: number, end: number): number {
  let total = 0
  for (const vma of vmas.within(start, end)) total += Math.min(vma.end, end) - Math.max(vma.start, start)
  return total
}

/** @throws Errno ENOMEM when `bytes` more, `data` of them data, would pass RLIMIT_AS or RLIMIT_DATA */
export function checkExpansion(vmas: VmaList, limits: ResourceLimits, bytes: number, data: number): void {
  const spaceLimit = limits.get(RLIMIT_AS).soft
  if (bytes > 0 && spaceLimit !== UNLIMITED && mappedBytes(vmas) + bytes > spaceLimit) throw new Errno(ENOMEM)
  const dataLimit = limits.get(RLIMIT_DATA).soft
  if (data > 0 && dataLimit !== UNLIMITED && dataBytes(vmas) + data > dataLimit) throw new Errno(ENOMEM)
}

/** @throws Errno EAGAIN when `bytes` more of locked memory would pass RLIMIT_MEMLOCK */
export function checkLocked(vmas: VmaList, limits: ResourceLimits, bytes: number): void {
  const limit = limits.get(RLIMIT_MEMLOCK).soft
  if (limit !== UNLIMITED && lockedBytes(vmas) + bytes > limit) throw new Errno(EAGAIN)
}

/** vm.overcommit_memory = 0 for `bytes` more of `vma`. @throws Errno ENOMEM */
export function checkOvercommit(vma: Vma, bytes: number, memoryBytes: number): void {
  const isAccounted = vma.isData && (vma.flags & VM_NORESERVE) === 0
  if (isAccounted) checkOvercommitted(bytes, memoryBytes)
}

/** Like checkOvercommit, for memory that is not mapped yet. @throws Errno ENOMEM */
export function checkOvercommitted(bytes: number, memoryBytes: number): void {
  if (bytes > Math.max(memoryBytes, MIN_OVERCOMMIT)) throw new Errno(ENOMEM)
}

export function lockLimit(task: Task): number {
  return hasCapability(task.credentials.capabilities, CAP_IPC_LOCK)
    ? Infinity
    : task.process.limits.get(RLIMIT_MEMLOCK).soft
}

/** can_do_mlock: whether the task may lock anything at all. */
export function canLock(task: Task): boolean {
  return lockLimit(task) > 0
}
