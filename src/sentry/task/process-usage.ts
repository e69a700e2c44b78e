// ProcessUsage: the CPU time and memory that a process has used, and those of the children that were waited for.

import {NO_USAGE, type ResourceUsage} from '../core/resource-usage.ts'
import type {Task} from '../core/task.ts'
import type {MemoryMap} from '../memory/memory-map.ts'
import {MemoryUsage} from '../memory/memory-usage.ts'

export class ProcessUsage {
  /** CLOCK_MONOTONIC nanoseconds. */
  readonly startedNs: number
  readonly memory: MemoryUsage
  /** Of children that were waited for. */
  ofChildren = NO_USAGE
  /** CPU time of ended tasks, and the part of it that was system time: nanoseconds. */
  endedCpuNs = 0
  endedSystemNs = 0
  readonly #tasks: readonly Task[]

  /** @param tasks of the process, at any time */
  constructor(startedNs: number, map: MemoryMap, tasks: readonly Task[]) {
    this.startedNs = startedNs
    this.memory = new MemoryUsage(map)
    this.#tasks = tasks
  }

  /** CPU time of all its tasks, nanoseconds. @param nowNs CLOCK_MONOTONIC */
  cpuTimeNs(nowNs: number): number {
    let total = this.endedCpuNs
    for (const task of this.#tasks) total += task.cpuTimeNs(nowNs)
    return total
  }

  /** The part of it that its calls and faults took. */
  systemNs(nowNs: number): number {
    let total = this.endedSystemNs
    for (const task of this.#tasks) total += task.systemTime.of(task.cpuTimeNs(nowNs))
    return total
  }

  /** Of all its tasks. @param nowNs CLOCK_MONOTONIC */
  total(nowNs: number): ResourceUsage {
    const {peakBytes, faults} = this.memory
    return {cpuNs: this.cpuTimeNs(nowNs), systemNs: this.systemNs(nowNs), peakBytes, minorFaults: faults}
  }

  /** The task has ended. */
  addEnded({cpuNs, systemTime}: Task): void {
    this.endedCpuNs += cpuNs
    this.endedSystemNs += systemTime.of(cpuNs)
  }
}
