// futex(2): locks whose word names the owner, and which the kernel hands on: FUTEX_LOCK_PI and the like. No priority is
// raised: all tasks are SCHED_OTHER here.

import {EAGAIN, EDEADLK, EINVAL, EPERM, Errno, ESRCH} from '../../abi/errno.ts'
import {FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS} from '../../abi/futex.ts'
import type {Task} from '../core/task.ts'
import type {FutexKey, FutexTable, FutexWaiter} from '../memory/futex-table.ts'
import {ANY, alignedFutex, futexKey, futexTable, sleepOnFutex} from './futex-key.ts'

/** A futex word, and its waiters. */
interface Lock {
  readonly address: number
  readonly isPrivate: boolean
  readonly table: FutexTable
}

interface WaitedLock extends Lock {
  /** The waiter: the address is in its memory. */
  readonly task: Task
}

export function lockAt(task: Task, address: number, isPrivate: boolean): Lock {
  return {address: alignedFutex(address), isPrivate, table: futexTable(task, isPrivate)}
}

/** FUTEX_LOCK_PI: sleeps until the owner hands the lock over. */
export function lockPi(task: Task, lock: Lock, deadlineNs: number): number {
  if (takeOrAnnounce(task, lock)) return 0
  return sleepOnFutex(task, lock.table, join(task, lock), deadlineNs)
}

export function tryLockPi(task: Task, lock: Lock): number {
  if (take(task, lock, 0)) return 0
  throw new Errno(EAGAIN)
}

/** FUTEX_UNLOCK_PI: the first waiter owns it now. @throws Errno EPERM: the caller does not own it */
export function unlockPi(task: Task, lock: Lock): number {
  const word = task.memory.readInt32(lock.address)
  if ((word & FUTEX_TID_MASK) !== task.tid) throw new Errno(EPERM)
  handOver(task, lock, 0)
  return 0
}

/** FUTEX_WAIT_REQUEUE_PI: sleeps on one word, and wakes as the owner of a lock that it was moved to. */
export function waitRequeuePi(
  task: Task,
  condition: Lock,
  expected: number,
  lock: Lock,
  deadlineNs: number,
): number {
  if (condition.address === lock.address) throw new Errno(EINVAL)
  if (task.memory.readInt32(condition.address) !== expected) throw new Errno(EAGAIN)
  return sleepOnFutex(task, condition.table, join(task, condition, lock.address), deadlineNs)
}

/**
 * FUTEX_CMP_REQUEUE_PI: one gets the lock or waits for it, and `count` more wait for it. @returns how many were moved or woken
 * @throws Errno EAGAIN: the word changed; EINVAL: a sleeper waits for another lock
 */
export function requeuePi(task: Task, condition: Lock, lock: Lock, expected: number, count: number): number {
  if (condition.address === lock.address) throw new Errno(EINVAL)
  if (task.memory.readInt32(condition.address) !== expected) throw new Errno(EAGAIN)
  const waiting = condition.table.waitingOn(keyOf(task, condition)).slice(0, 1 + Math.max(0, count))
  if (waiting.some((waiter) => waiter.lock === undefined)) throw new Errno(EINVAL)
  for (const waiter of waiting) {
    const {task: sleeper, address} = waiter.lock!
    if (takeOrAnnounce(sleeper, {...lock, address})) condition.table.wakeOne(waiter)
    else lock.table.move(waiter, keyOf(task, lock))
  }
  return waiting.length
}

/** Locks that a task, when it ends, may hold while others wait for them. */
export function waitedLocks(task: Task): readonly WaitedLock[] {
  return [true, false].flatMap((isPrivate) => {
    const table = futexTable(task, isPrivate)
    return table.firstOfLocks().map(({lock}) => ({...lock!, isPrivate, table}))
  })
}

/** A task ends: a lock that it holds goes to the next waiter, marked. @throws Errno EFAULT */
export function leaveLock(task: Task, lock: WaitedLock): void {
  const word = lock.task.memory.readInt32(lock.address)
  if ((word & FUTEX_TID_MASK) === task.tid) handOver(lock.task, lock, FUTEX_OWNER_DIED)
}

/** Gives the lock to the longest waiter, or to nobody. @param mark FUTEX_OWNER_DIED, or 0 */
function handOver(task: Task, lock: Lock, mark: number): void {
  const next = lock.table.waitingOn(keyOf(task, lock)).find((waiter) => waiter.lock !== undefined)
  // The new owner asks the kernel to unlock in any case: wake_futex_pi, fixup_pi_state_owner.
  const owner = next === undefined ? 0 : next.lock!.task.tid | FUTEX_WAITERS
  const changed = owner | mark
  for (;;) {
    const word = task.memory.readInt32(lock.address)
    if (task.memory.compareExchangeInt32(lock.address, word, changed)) break
  }
  if (next !== undefined) lock.table.wakeOne(next)
}

/** @returns whether the caller owns it now; if not, the owner must ask the kernel to unlock. @throws as take */
function takeOrAnnounce(task: Task, lock: Lock): boolean {
  return take(task, lock, FUTEX_WAITERS)
}

/**
 * The owner may unlock meanwhile, without the kernel, so the word is read and changed in one exchange. A mark that came later
 * would be on a free lock, and its sleeper would wait for nobody.
 * @param mark set if there is an owner
 * @returns whether the caller owns it now @throws Errno EDEADLK: it already did; ESRCH: the owner is gone
 */
function take(task: Task, {address}: Lock, mark: number): boolean {
  for (;;) {
    const word = task.memory.readInt32(address)
    const owner = word & FUTEX_TID_MASK
    if (owner === task.tid) throw new Errno(EDEADLK)
    if (owner !== 0 && !task.kernel.tasks.has(owner)) throw new Errno(ESRCH)
    const kept = word & (FUTEX_WAITERS | FUTEX_OWNER_DIED)
    const changed = owner === 0 ? kept | task.tid : word | mark
    if (task.memory.compareExchangeInt32(address, word, changed)) return owner === 0
  }
}

/** @param lock the address of the word to be owned in the end */
function join(task: Task, place: Lock, lock = place.address): FutexWaiter {
  return place.table.join(keyOf(task, place), ANY, {task, address: lock})
}

function keyOf(task: Task, {address, isPrivate}: Lock): FutexKey {
  return futexKey(task, address, isPrivate)
}
