// How a futex is identified, which table its sleepers are in, and how a call sleeps on it: futex(7), get_futex_key in Linux.

import {EFAULT, EINVAL, Errno, ETIMEDOUT} from '../../abi/errno.ts'
import {PAGE_SIZE, PROT_READ, PROT_WRITE} from '../../platform/platform.ts'
import {BLOCKED} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {continuation, restartOf} from '../core/wait.ts'
import type {FutexKey, FutexTable, FutexWaiter} from '../memory/futex-table.ts'

const WORD_BYTES = 4
/** A bitset that meets every other. */
export const ANY = 0xffff_ffff | 0

export function futexTable({kernel, process}: Task, isPrivate: boolean): FutexTable {
  return isPrivate ? process.memoryMap.futexes : kernel.ipc.futexes
}

/** A FUTEX_WAKE by the kernel: for a futex that the task leaves. @throws Errno EINVAL, EFAULT */
export function wakeFutex(task: Task, address: number, count: number): number {
  return futexTable(task, false).wake(futexKey(task, address, false), count, ANY)
}

/**
 * Identifies a futex, like Linux's get_futex_key: by address space and address or, unless the call says that it is private,
 * by what a shared mapping shows there. So does a private mapping that shows its file, as long as it cannot be
 * written; other read-only memory is EFAULT, as nobody could change the word.
 * @throws Errno EINVAL, EFAULT
 */
export function futexKey({memory, process}: Task, address: number, isPrivate: boolean): FutexKey {
  const map = process.memoryMap
  if (isPrivate) {
    memory.check(alignedFutex(address), WORD_BYTES)
    return {object: map, offset: address}
  }
  // The word must be mapped, and a stack may grow for it.
  memory.view(alignedFutex(address), WORD_BYTES, PROT_READ)
  const vma = map.vmas.at(address)!
  if (!vma.isShared && vma.protection & PROT_WRITE) return {object: map, offset: address}
  if (vma.backing === undefined) throw new Errno(EFAULT)
  const {mappable} = vma.backing
  const offset = vma.filePage(Math.floor(address / PAGE_SIZE)) * PAGE_SIZE + (address % PAGE_SIZE)
  return {object: mappable.futexObject ?? mappable, offset}
}

export function alignedFutex(address: number): number {
  if (address % 4 !== 0) throw new Errno(EINVAL)
  return address
}

/** Until the futex is woken, or the time is over. @param table the sleeper's, also when it is moved to another word */
export function sleepOnFutex(task: Task, table: FutexTable, waiter: FutexWaiter, deadlineNs: number): number {
  return task.block({
    queues: [waiter.queue],
    deadlineNs,
    // After a handler with SA_RESTART, Linux keeps the old deadline; a restarted call would wait longer.
    restart: restartOf(deadlineNs),
    ...{next: sleeping, progress: {table, waiter}},
  })
}

const sleeping = continuation<{readonly table: FutexTable; readonly waiter: FutexWaiter}>({
  name: 'futex',
  resume: (_task, {waiter}, expired) => {
    if (waiter.woken) return 0
    if (!expired) return BLOCKED
    throw new Errno(ETIMEDOUT)
  },
  settled: (_task, {waiter}) => (waiter.woken ? 0 : undefined),
  ended: (_task, {table, waiter}) => table.leave(waiter),
})
