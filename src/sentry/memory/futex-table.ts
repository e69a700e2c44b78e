// FutexTable: the sleepers on each futex word: futex(7). One table has the private ones of an address space, another all
// those that processes may share.

import {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Task} from '../core/task.ts'

/**
 * A word: an address of a MemoryMap, or a byte of what is mapped there (Mappable.futexObject). Never a place in the
 * MemoryFile, as a copy on write would move it.
 */
export interface FutexKey {
  readonly object: object
  readonly offset: number
}

/** A sleeper. It is in the table until it is woken, or leaves. */
export interface FutexWaiter {
  /** A requeue changes it. */
  key: FutexKey
  /** FUTEX_WAIT_BITSET: which wakes apply to it. Nonzero. */
  readonly bitset: number
  woken: boolean
  readonly queue: WaitQueue
  /** For a lock that the kernel hands on (FUTEX_LOCK_PI): the waiter, and the word's address in its memory. */
  readonly lock?: LockWaiter
}

export interface LockWaiter {
  readonly task: Task
  readonly address: number
}

export class FutexTable {
  /** In the order of their arrival: wakes are first come, first served. */
  readonly #waiters = new Map<object, Map<number, Set<FutexWaiter>>>()

  /** Sleepers on locks. */
  #locks = 0

  /** Nobody sleeps on anything. */
  get isEmpty(): boolean {
    return this.#waiters.size === 0
  }

  join(key: FutexKey, bitset: number, lock?: LockWaiter): FutexWaiter {
    const waiter: FutexWaiter = {key, bitset, woken: false, queue: new WaitQueue(), lock}
    this.#enter(waiter)
    return waiter
  }

  /** The sleepers on a word, in order of arrival. */
  waitingOn(key: FutexKey): FutexWaiter[] {
    return [...this.#on(key)]
  }

  /** The longest waiter for each lock: others may have slept on its word before. */
  firstOfLocks(): FutexWaiter[] {
    const found: FutexWaiter[] = []
    if (this.#locks === 0) return found
    for (const words of this.#waiters.values()) {
      for (const waiters of words.values()) {
        const first = firstOfLock(waiters)
        if (first !== undefined) found.push(first)
      }
    }
    return found
  }

  /** Moves a sleeper to another word. */
  move(waiter: FutexWaiter, to: FutexKey): void {
    this.leave(waiter)
    waiter.key = to
    this.#enter(waiter)
  }

  leave(waiter: FutexWaiter): void {
    const {object, offset} = waiter.key
    const words = this.#waiters.get(object)
    const waiters = words?.get(offset)
    if (words === undefined || waiters === undefined) return
    if (waiters.delete(waiter) && waiter.lock !== undefined) this.#locks--
    if (waiters.size > 0) return
    words.delete(offset)
    if (words.size === 0) this.#waiters.delete(object)
  }

  /** Wakes at most `count` sleepers whose bitset meets `bitset`. @returns how many */
  wake(key: FutexKey, count: number, bitset: number): number {
    let woken = 0
    // Not a copy: often one of many is woken. A woken one comes back later, never from inside this loop.
    for (const waiter of this.#on(key)) {
      if (woken >= count) break
      if ((waiter.bitset & bitset) === 0) continue
      this.wakeOne(waiter)
      woken++
    }
    return woken
  }

  wakeOne(waiter: FutexWaiter): void {
    this.leave(waiter)
    waiter.woken = true
    waiter.queue.wakeAll()
  }

  /** Moves at most `count` sleepers to another word. @returns how many */
  requeue(from: FutexKey, to: FutexKey, count: number): number {
    const moving = this.waitingOn(from).slice(0, Math.max(0, count))
    for (const waiter of moving) this.move(waiter, to)
    return moving.length
  }

  #enter(waiter: FutexWaiter): void {
    this.#at(waiter.key).add(waiter)
    if (waiter.lock !== undefined) this.#locks++
  }

  #on({object, offset}: FutexKey): Iterable<FutexWaiter> {
    return this.#waiters.get(object)?.get(offset) ?? []
  }

  #at({object, offset}: FutexKey): Set<FutexWaiter> {
    const words = this.#waiters.get(object) ?? new Map<number, Set<FutexWaiter>>()
    this.#waiters.set(object, words)
    const waiters = words.get(offset) ?? new Set()
    words.set(offset, waiters)
    return waiters
  }
}

function firstOfLock(waiters: Iterable<FutexWaiter>): FutexWaiter | undefined {
  for (const waiter of waiters) if (waiter.lock !== undefined) return waiter
  return undefined
}
