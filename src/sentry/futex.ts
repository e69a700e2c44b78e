// FutexTable: who sleeps on which futex word: futex(7). A table has the private ones of an address space, by their addresses, or
// all others, by the memory they lie in, so that two processes that share a page share its futexes.

import {WaitQueue} from '../vfs/wait-queue.ts'

/** A sleeper. It is in the table until it is woken, or leaves. */
export interface FutexWaiter {
  /** Of the word: its address, or its offset in the MemoryFile; a requeue changes it. */
  key: number
  /** FUTEX_WAIT_BITSET: which wakes concern it. Nonzero. */
  readonly bitset: number
  woken: boolean
  readonly queue: WaitQueue
}

export class FutexTable {
  /** In the order of their arrival: wakes are first come, first served. */
  readonly #waiters = new Map<number, Set<FutexWaiter>>()

  join(key: number, bitset: number): FutexWaiter {
    const waiter: FutexWaiter = {key, bitset, woken: false, queue: new WaitQueue()}
    this.#at(key).add(waiter)
    return waiter
  }

  leave(waiter: FutexWaiter): void {
    const waiters = this.#waiters.get(waiter.key)
    if (waiters === undefined) return
    waiters.delete(waiter)
    if (waiters.size === 0) this.#waiters.delete(waiter.key)
  }

  /** Wakes at most `count` sleepers whose bitset meets `bitset`. @returns how many */
  wake(key: number, count: number, bitset: number): number {
    let woken = 0
    for (const waiter of [...(this.#waiters.get(key) ?? [])]) {
      if (woken >= count) break
      if ((waiter.bitset & bitset) === 0) continue
      this.leave(waiter)
      waiter.woken = true
      waiter.queue.wakeAll()
      woken++
    }
    return woken
  }

  /** Moves at most `count` sleepers to another word. @returns how many */
  requeue(from: number, to: number, count: number): number {
    const moving = [...(this.#waiters.get(from) ?? [])].slice(0, Math.max(0, count))
    for (const waiter of moving) {
      this.leave(waiter)
      waiter.key = to
      this.#at(to).add(waiter)
    }
    return moving.length
  }

  #at(key: number): Set<FutexWaiter> {
    let waiters = this.#waiters.get(key)
    if (waiters === undefined) {
      waiters = new Set()
      this.#waiters.set(key, waiters)
    }
    return waiters
  }
}
