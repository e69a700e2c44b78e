// Wait queues: who sleeps until something changes (a pipe fills, a timer fires, a child ends).

/** Called once per wake; a waiter that stays interested stays in the queue until it leaves. */
export type Waiter = () => void

export class WaitQueue {
  readonly #waiters = new Set<Waiter>()

  join(waiter: Waiter): void {
    this.#waiters.add(waiter)
  }

  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter)
  }

  wakeAll(): void {
    for (const waiter of [...this.#waiters]) waiter()
  }
}
