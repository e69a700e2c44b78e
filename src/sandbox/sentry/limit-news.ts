// LimitNews: which of its limits a guest has hit, on the way to the sandbox's owner: each at once, then once a second at most.
//
// A guest can hit a limit a million times: hits are counted, not told one by one.

import type {Timer, TimerQueue, TimerTarget} from '../../sentry/time/timers.ts'
import type {LimitHit, LimitName} from '../protocol/messages.ts'

const PERIOD_NS = 1e9

export class LimitNews {
  readonly #tell: (hit: LimitHit) => void
  readonly #timers: TimerQueue
  /** Limits reported within this second. */
  readonly #waiting = new Map<LimitName, Period>()

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
    const period = new Period(this, limit)
    period.timer = this.#timers.after(PERIOD_NS, period)
    this.#waiting.set(limit, period)
    this.#tell(hitOf(limit, count, pid))
  }

  passed({limit, count, pid}: Period): void {
    this.#waiting.delete(limit)
    if (count > 0) this.#say({limit, count, pid})
  }
}

/** The second after a report of a limit, and the limit's hits since. */
class Period implements TimerTarget {
  count = 0
  pid: number | undefined
  timer: Timer | undefined
  readonly limit: LimitName
  readonly #news: LimitNews

  constructor(news: LimitNews, limit: LimitName) {
    this.#news = news
    this.limit = limit
  }

  expire(): void {
    this.#news.passed(this)
  }
}

function hitOf(limit: LimitName, count: number, pid: number | undefined): LimitHit {
  return {limit, count, ...(pid !== undefined && {pid})}
}
