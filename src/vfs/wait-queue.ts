// Wait queues: waiters that sleep until something changes (a pipe fills, a timer fires, a child ends).

export interface Waiter {
  /**
   * Called once per wake; a waiter that stays interested stays in the queue until it leaves.
   * @param events poll(2) bits that may now hold: a hint for edge-triggered epolls
   */
  wake(events: number): void
}

/** Counts changes to something, for those that poll it. */
export interface Changes {
  readonly count: number
  readonly waiters: WaitQueue
}

const ANY_EVENT = -1

export class WaitQueue {
  readonly #waiters = new Set<Waiter>()

  get isEmpty(): boolean {
    return this.#waiters.size === 0
  }

  join(waiter: Waiter): void {
    this.#waiters.add(waiter)
  }

  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter)
  }

  wakeAll(events = ANY_EVENT): void {
    if (this.#waiters.size === 0) return
    for (const waiter of [...this.#waiters]) waiter.wake(events)
  }
}
