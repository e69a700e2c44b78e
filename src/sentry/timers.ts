// TimerQueue: what happens at which monotonic time. The sentry's loop sleeps until the first of them.

export interface Timer {
  readonly deadlineNs: number
  readonly expire: () => void
}

export class TimerQueue {
  /** Ascending by deadline; a process has few timers, so a sorted array beats a heap. */
  readonly #timers: Timer[] = []

  /** @param deadlineNs CLOCK_MONOTONIC nanoseconds */
  add(deadlineNs: number, expire: () => void): Timer {
    const timer = {deadlineNs, expire}
    let index = this.#timers.length
    while (index > 0 && this.#timers[index - 1].deadlineNs > deadlineNs) index--
    this.#timers.splice(index, 0, timer)
    return timer
  }

  /** A timer that is gone already is no error. */
  cancel(timer: Timer | undefined): void {
    if (timer === undefined) return
    const index = this.#timers.indexOf(timer)
    if (index >= 0) this.#timers.splice(index, 1)
  }

  /** Infinity when there is none. */
  get nextDeadlineNs(): number {
    return this.#timers.length === 0 ? Number.POSITIVE_INFINITY : this.#timers[0].deadlineNs
  }

  runExpired(nowNs: number): void {
    while (this.#timers.length > 0 && this.#timers[0].deadlineNs <= nowNs) this.#timers.shift()!.expire()
  }
}
