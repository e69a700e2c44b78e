// Load: the average number of tasks that ran or waited for a CPU over one, five and fifteen minutes (man 5 proc_loadavg).

import {NS_PER_SECOND} from '../../../abi/time.ts'
import type {Kernel} from '../../core/kernel.ts'
import {countRunnable} from '../state.ts'

const PERIODS_S = [60, 300, 900] as const

/**
 * Linux counts every five seconds. Here nothing wakes an idle sandbox: each query brings the averages up to date, from the CPU time used
 * since the last one. Past waiting is not known, so the tasks that wait now are assumed to have waited all the time.
 */
export class Load {
  #atNs: number
  #busyNs = 0
  readonly #loads: [number, number, number] = [0, 0, 0]

  constructor(nowNs: number) {
    this.#atNs = nowNs
  }

  averages(kernel: Kernel): readonly [number, number, number] {
    const {cpuUse, tasks, platform} = kernel
    const nowNs = kernel.monotonicNs()
    const busyNs = cpuUse.totalNs(tasks.values(), nowNs)
    const passedNs = nowNs - this.#atNs
    if (passedNs > 0) {
      const waiting = Math.max(0, countRunnable(tasks.values()) - platform.cpus)
      const mean = (busyNs - this.#busyNs) / passedNs + waiting
      for (const [index, period] of PERIODS_S.entries()) {
        const share = Math.exp(-passedNs / NS_PER_SECOND / period)
        this.#loads[index] = this.#loads[index] * share + mean * (1 - share)
      }
      this.#atNs = nowNs
      this.#busyNs = busyNs
    }
    return this.#loads
  }
}
