// Words in memory that a task releases when it ends: its robust futexes, and the one that joiners wait for.

import {FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS} from '../../abi/futex.ts'
import type {Task} from '../core/task.ts'
import {unlessErrno} from '../core/unless-errno.ts'
import {wakeFutex} from '../ipc/futex-key.ts'
import {leaveLock, waitedLocks} from '../ipc/futex-pi.ts'

/** ROBUST_LIST_LIMIT: a guest can make its list circular. */
const MAX_ENTRIES = 2048
/** struct robust_list_head: next, futex offset, pending operation. */
const OFFSET = 8
const PENDING = 16
/** The low bit of an entry's address: a priority-inheriting futex. */
const IS_PI = 1

/** Errors are dropped: the task is gone. Locks that others wait for come first: a robust one has its next owner's id by then. */
export function releaseThreadWords(task: Task): void {
  for (const lock of waitedLocks(task)) unlessErrno(() => leaveLock(task, lock))
  unlessErrno(() => releaseRobustList(task))
  unlessErrno(() => clearChildTid(task))
}

/** get_robust_list(2): marks each futex that the task holds, and wakes one of its waiters. */
function releaseRobustList(task: Task): void {
  const {head} = task.robustList
  if (head === 0) return
  task.robustList = {head: 0, length: 0}
  const {memory} = task
  const offset = memory.readInt64(head + OFFSET)
  const pending = memory.readUint64(head + PENDING)
  let entry = memory.readUint64(head)
  for (let count = 0; count < MAX_ENTRIES && withoutFlag(entry) !== head; count++) {
    const next = memory.readUint64(withoutFlag(entry))
    if (withoutFlag(entry) !== withoutFlag(pending)) release(task, withoutFlag(entry) + offset)
    entry = next
  }
  if (withoutFlag(pending) !== 0) release(task, withoutFlag(pending) + offset, true)
}

function withoutFlag(entry: number): number {
  return entry % 2 === IS_PI ? entry - IS_PI : entry
}

/** handle_futex_death of Linux's kernel/futex/core.c. */
function release(task: Task, address: number, isPending = false): void {
  if (address % 4 !== 0) return
  for (;;) {
    const word = task.memory.readInt32(address)
    // The futex was given up already, and the task that it woke may have died, too.
    if (isPending && word === 0) wakeFutex(task, address, 1)
    if ((word & FUTEX_TID_MASK) !== task.tid) return
    const changed = (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED
    if (!task.memory.compareExchangeInt32(address, word, changed)) continue
    if (word & FUTEX_WAITERS) wakeFutex(task, address, 1)
    return
  }
}

function clearChildTid(task: Task): void {
  const address = task.clearChildTid
  task.clearChildTid = 0
  // If no other task uses this memory, nobody would see it.
  const isAlone = task.process.tasks.length === 1 && !task.process.space.isShared
  if (address === 0 || isAlone) return
  task.memory.writeInt32(address, 0)
  wakeFutex(task, address, 1)
}
