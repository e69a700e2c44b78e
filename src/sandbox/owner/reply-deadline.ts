// ReplyDeadline: how long a sentry may take to do what it was told, before it is ended from outside.
//
// Time in which it waits for a processor does not count: on a busy host, to end a guest of many processes takes long.

/**
 * A second in ten parts: on a busy machine, both threads are late. What the thread has said meanwhile is heard before it
 * is given up.
 */
const PART_MS = 100
const LONGEST_SILENT_MS = 1000
/** It may say much without doing what it was told. */
const LONGEST_ALIVE_MS = 10_000
/** However busy the host is. */
const LONGEST_STARVED_MS = 60_000
/** Node's timers are no longer than this: 24 days. */
const LONGEST_MS = 2 ** 31 - 1 - PART_MS

export class ReplyDeadline {
  readonly #lost: () => void
  readonly #waitedMs: () => number
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Of the time that counts: since it was heard, and since it was at work. */
  #silentMs = 0
  #aliveMs = 0
  /** From then on all time counts. */
  #latestMs = 0
  /** At the last part. */
  #waitedBeforeMs: number | undefined

  /**
   * @param lost called once, when it runs out
   * @param waitedMs how long, in all, the sentry has waited for a processor
   */
  constructor(lost: () => void, waitedMs: () => number = () => 0) {
    this.#lost = lost
    this.#waitedMs = waitedMs
  }

  /** Starts to run out in `afterMs`. */
  begin(afterMs = 0): void {
    this.end()
    this.#silentMs = 0
    this.#aliveMs = 0
    this.#latestMs = performance.now() + afterMs + LONGEST_STARVED_MS
    this.#waitedBeforeMs = undefined
    if (afterMs <= LONGEST_MS) this.#timer = setTimeout(() => this.#wait(), afterMs + PART_MS)
  }

  /** It is alive. */
  renew(): void {
    if (this.#aliveMs < LONGEST_ALIVE_MS) this.#silentMs = 0
  }

  /** It is at work on what it was asked for, which will end. */
  extend(): void {
    this.#silentMs = 0
    this.#aliveMs = 0
    this.#latestMs = Math.max(this.#latestMs, performance.now() + LONGEST_STARVED_MS)
  }

  /** It has done what it was told. */
  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #wait(): void {
    const timer = setTimeout(() => this.#wait(), PART_MS)
    this.#timer = timer
    this.#count()
    if (this.#silentMs < LONGEST_SILENT_MS) return
    setImmediate(() => {
      if (this.#timer !== timer || this.#silentMs < LONGEST_SILENT_MS) return
      this.end()
      this.#lost()
    })
  }

  /** A wait that began in an earlier part is known only now. */
  #count(): void {
    const waitedMs = this.#waitedMs()
    const starvedMs = performance.now() < this.#latestMs ? waitedMs - (this.#waitedBeforeMs ?? waitedMs) : 0
    this.#waitedBeforeMs = waitedMs
    const countsMs = PART_MS - starvedMs
    this.#silentMs = Math.max(0, this.#silentMs + countsMs)
    this.#aliveMs = Math.max(0, this.#aliveMs + countsMs)
  }
}
