// CpuMeter: the CPU time of a program with all its processes, or of all programs, for time-outs and quotas.

export class CpuMeter {
  readonly #whole: CpuMeter | undefined
  /** Of tasks that have left their CPUs, nanoseconds. */
  #countedNs = 0
  /** How many tasks are on a CPU now, and the sum of the times when they got there. */
  #onCpu = 0
  #sinceNs = 0
  /** Keeps the sums small, and so exact. */
  #originNs: number | undefined

  /** @param whole the meter that this is a part of, which counts everything, too */
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

  /** The turn is over. @param sinceNs when it began */
  end(sinceNs: number, nowNs: number): void {
    this.#onCpu--
    this.#sinceNs -= sinceNs - this.#originNs!
    this.#countedNs += nowNs - sinceNs
    this.#whole?.end(sinceNs, nowNs)
  }

  /** The sentry's work for a task without a CPU. */
  add(ns: number): void {
    this.#countedNs += ns
    this.#whole?.add(ns)
  }
}
