// Pulse: while a guest runs, the sentry's thread comes back to JavaScript now and then.
//
// Ending a thread (terminate(), the exit of the thread or process that made it) sets a flag that V8 checks, and waits.
// Nothing wakes a thread inside KVM_RUN, waitpid(2) or epoll_wait(2), and no hook runs before that wait.

import type {Timer, TimerQueue, TimerTarget} from '../../sentry/time/timers.ts'

/** How long ending the thread takes, at most. A guest is interrupted as often; a sandbox without one has no pulse. */
const PERIOD_NS = 500_000_000

export class Pulse implements TimerTarget {
  readonly #timers: TimerQueue
  #next: Timer | undefined

  constructor(timers: TimerQueue) {
    this.#timers = timers
    this.expire()
  }

  expire(): void {
    this.#next = this.#timers.after(PERIOD_NS, this)
  }

  stop(): void {
    this.#timers.cancel(this.#next)
  }
}
