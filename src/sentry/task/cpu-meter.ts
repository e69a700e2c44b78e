// CpuMeter: the CPU time of a program with all its processes, or of all programs: what time-outs and quotas go by.

export class CpuMeter {
  readonly #whole: CpuMeter | undefined
  /** Of tasks that have left their CPUs, nanoseconds. */
  #countedNs = 0
  /** Tasks that are on a CPU now, and when they came there, summed up. */
  #onCpu = 0
  #sinceNs = 0
  /** Sums of small numbers are exact. */
  #originNs: number | undefined

  /** @param whole of which this is a part: it counts there, too */
  constructor(whole?: CpuMeter) {
    this.#whole = whole
  }

  /** Nanoseconds. @param nowNs CLOCK_MONOTONIC */
  usedNs(nowNs: number): number {
    return this.#countedNs + this.#onCpu * (nowNs - (this.#originNs ?? nowNs)) - this.#sinceNs
  }

  /** A task's turn begins. */
  begin(nowNs: number): void {
    this.#originNs ??= nowNs
    this.#onCpu++
    this.#sinceNs += nowNs - this.#originNs
    this.#whole?.begin(nowNs)
  }

  /** It is over. @param sinceNs when it began */
  end(sinceNs: number, nowNs: number): void {
    this.#onCpu--
    this.#sinceNs -= sinceNs - this.#originNs!
    this.#countedNs += nowNs - sinceNs
    this.#whole?.end(sinceNs, nowNs)
  }

  /** The sentry's work for a task that has no CPU. */
  add(ns: number): void {
    this.#countedNs += ns
    this.#whole?.add(ns)
  }
}
