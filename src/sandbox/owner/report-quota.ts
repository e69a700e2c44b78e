// ReportQuota: how many reports of a run's limits may have come by now. A sentry that was broken into could send any number.

import {LIMIT_NAMES} from '../protocol/replies.ts'

export class ReportQuota {
  readonly #startedMs = performance.now()
  #hits = 0

  /** Each limit at its first hit, once a second, and once at the end. */
  takes(): boolean {
    const seconds = (performance.now() - this.#startedMs) / 1000
    return ++this.#hits <= LIMIT_NAMES.length * (2 + 1.1 * seconds)
  }
}
