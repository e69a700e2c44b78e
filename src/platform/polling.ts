// Polling: when the sentry polls for traps instead of waiting for exits or stops: README.md, "Break-even". What it saves is weighed
// against what it costs; the platforms differ in their costs alone.

/** What polling costs and saves on a platform: whole nanoseconds, of which sums are exact. */
export interface PollingCosts {
  /** Traps further apart than this would not be found in time; 0: polling never pays. */
  quickNs: number
  /** What each trap that polling finds saves. */
  savedNs: number
  /** What each trap that it does not find costs in addition. */
  lostNs: number
  /** What it costs to poll another context from now on. */
  movedNs: number
  /** It begins when it would have saved this much … */
  beginNs: number
  /** … and ends when it has lost this much. If it saved less meanwhile, it was in vain. */
  stakeNs: number
  /** When it was in vain, it takes twice as much to begin again: at most this many times as much. */
  mostDoubt: number
  /** Four times as much when traps came no faster, as each such trial costs some fifty of them: at most this many times as much. */
  mostDoubtSlow: number
  /** Traps that it would have found before it first begins. */
  warmUp: number
}

/** Traps between two looks at the clock, before it begins and while it polls. */
const BATCH = 8
const PACE_BATCH = 16
/** One batch may be slow by chance. */
const SLOW_BATCHES = 3
const SLOW_DOUBTS = 4
const SMOOTH = 4

export class Polling {
  readonly #now: () => number
  #costs: PollingCosts
  #isOn = false
  #isForced = false
  /** What polling has saved lately, or would have. */
  #balanceNs = 0
  /** The same of the batch. */
  #gainNs = 0
  /** What it has saved since it began. */
  #savedNs = 0
  #doubt = 1
  /** Traps since it was made that polling would have found. */
  #findable = 0
  #traps = 0
  #since = 0
  /** From one quick trap to the next, before it began. */
  #everyNs = 0
  #slow = 0

  /** @param now CLOCK_MONOTONIC nanoseconds */
  constructor(now: () => number, costs: PollingCosts) {
    this.#now = now
    this.#costs = costs
  }

  useCosts(costs: PollingCosts): void {
    this.#costs = costs
    if (!this.#isOn) this.stop()
  }

  /** From now on it polls whenever possible, whether it pays or not. */
  force(): void {
    this.#isForced = true
  }

  /** A trap came while the sentry did not poll. @param isFindable polling would have found it @returns whether to begin */
  exited(isFindable: boolean): boolean {
    const {quickNs, savedNs, lostNs, beginNs, warmUp} = this.#costs
    if (quickNs === 0) return false
    if (this.#isForced) return this.#begin()
    if (this.#isOn) this.stop()
    if (isFindable) this.#findable++
    this.#gainNs += isFindable ? savedNs : -lostNs
    if (++this.#traps < BATCH) return false
    const now = this.#now()
    const everyNs = (now - this.#since) / BATCH
    const isQuick = everyNs < quickNs
    if (!isQuick) this.#everyNs = 0
    else this.#everyNs += this.#everyNs === 0 ? everyNs : (everyNs - this.#everyNs) / SMOOTH
    this.#balanceNs = isQuick ? Math.max(0, this.#balanceNs + this.#gainNs) : 0
    this.#since = now
    this.#traps = this.#gainNs = 0
    return this.#findable >= warmUp && this.#balanceNs >= beginNs * this.#doubt && this.#begin()
  }

  /** Polling found a trap. @returns whether to end it */
  found(): boolean {
    const {savedNs, stakeNs} = this.#costs
    this.#savedNs += savedNs
    this.#balanceNs = Math.min(stakeNs, this.#balanceNs + savedNs)
    return this.#isToEnd()
  }

  /** A trap came otherwise while it polled. @param isLoss polling should have found it @returns whether to end it */
  missed(isLoss: boolean): boolean {
    if (isLoss) this.#balanceNs -= this.#costs.lostNs
    return (isLoss || this.#balanceNs <= 0) && this.#isToEnd()
  }

  /** Another context runs from now on, and polling goes on with that one. @returns whether to end it */
  moved(): boolean {
    if (!this.#isOn) {
      this.#gainNs -= this.#costs.movedNs
      return false
    }
    this.#balanceNs -= this.#costs.movedNs
    return this.#isToEnd()
  }

  /** The sentry has looked in vain and sleeps: polling ends with the next trap. */
  park(): void {
    this.#balanceNs = 0
  }

  /** It has ended, or other contexts run, too. */
  stop(): void {
    this.#isOn = false
    this.#traps = this.#gainNs = this.#balanceNs = this.#everyNs = 0
    this.#since = this.#now()
  }

  #begin(): true {
    this.#isOn = true
    this.#traps = this.#slow = this.#savedNs = 0
    this.#balanceNs = this.#costs.stakeNs
    return true
  }

  #isToEnd(): boolean {
    if (this.#isForced) return false
    const {stakeNs, mostDoubt, mostDoubtSlow} = this.#costs
    if (this.#balanceNs <= 0) {
      const wasWorth = this.#savedNs >= stakeNs && this.#slow === 0
      this.#doubt = wasWorth ? 1 : Math.max(this.#doubt, Math.min(this.#doubt * 2, mostDoubt))
    } else if (this.#isSlow()) {
      this.#doubt = Math.min(this.#doubt * SLOW_DOUBTS, mostDoubtSlow)
    } else {
      return false
    }
    this.stop()
    return true
  }

  /** Whether traps have come no faster than before it began: something else wants the processor that it takes, a reader of the output, say. */
  #isSlow(): boolean {
    if (this.#traps++ === 0) this.#since = this.#now()
    if (this.#traps <= PACE_BATCH) return false
    this.#traps = 0
    const isFaster = this.#now() - this.#since < PACE_BATCH * this.#everyNs
    this.#slow = isFaster ? 0 : this.#slow + 1
    return this.#slow === SLOW_BATCHES
  }
}
