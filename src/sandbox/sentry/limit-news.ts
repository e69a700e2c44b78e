// LimitNews: which of its limits a guest has hit, on the way to the sandbox's owner: each at once, then once a second at most.
//
// A guest can hit a limit a million times: hits are counted, not told one by one.

import {monotonicNs} from '../../sentry/time/host-clock.ts'
import type {Timer, TimerQueue} from '../../sentry/time/timers.ts'
import type {LimitHit, LimitName} from '../protocol/messages.ts'

const PERIOD_NS = 1e9

export class LimitNews {
  readonly #tell: (hit: LimitHit) => void
  readonly #timers: TimerQueue
  /** Limits reported within this second, and their hits since. */
  readonly #waiting = new Map<LimitName, {count: number; pid: number | undefined; timer: Timer}>()

  constructor(tell: (hit: LimitHit) => void, timers: TimerQueue) {
    this.#tell = tell
    this.#timers = timers
  }

  hit(limit: LimitName, pid?: number): void {
    const waiting = this.#waiting.get(limit)
    if (waiting === undefined) this.#say({limit, count: 1, pid})
    else {
      waiting.count++
      waiting.pid = pid
    }
  }

  /** The program has ended: reports what was not reported yet. */
  flush(): void {
    for (const [limit, {count, pid, timer}] of this.#waiting) {
      this.#timers.cancel(timer)
      if (count > 0) this.#tell(hitOf(limit, count, pid))
    }
    this.#waiting.clear()
  }

  #say({limit, count, pid}: LimitHit): void {
    const timer = this.#timers.add(monotonicNs() + PERIOD_NS, () => this.#passed(limit))
    this.#waiting.set(limit, {count: 0, pid: undefined, timer})
    this.#tell(hitOf(limit, count, pid))
  }

  #passed(limit: LimitName): void {
    const waiting = this.#waiting.get(limit)
    this.#waiting.delete(limit)
    if (waiting !== undefined && waiting.count > 0) this.#say({limit, count: waiting.count, pid: waiting.pid})
  }
}

function hitOf(limit: LimitName, count: number, pid: number | undefined): LimitHit {
  return {limit, count, ...(pid !== undefined && {pid})}
}
