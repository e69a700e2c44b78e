// CpuUse: which task is on which of the guest's CPUs, how busy they are, how often they change tasks (/proc/stat), and their limits.

import type {Task} from '../../core/task.ts'
import {CpuDeadlines} from './cpu-deadlines.ts'
import {CpuMeter} from './cpu-meter.ts'
import type {CpuQuota} from './cpu-quota.ts'

export class CpuUse {
  readonly cpus: number
  /** How often tasks have given up their CPU. */
  switches = 0
  /** Of all programs, whose meters are parts of it. */
  readonly meter = new CpuMeter()
  /** Time-outs by CPU time. */
  readonly deadlines: CpuDeadlines
  /** Absent: programs may use the CPUs all the time. */
  quota: CpuQuota | undefined
  /** By CPU, nanoseconds, of tasks that have left it. */
  readonly #busyNs: Float64Array

  constructor(cpus: number) {
    this.cpus = cpus
    this.deadlines = new CpuDeadlines(cpus)
    this.#busyNs = new Float64Array(cpus)
  }

  /** When to check a limit, CLOCK_MONOTONIC nanoseconds. */
  get dueNs(): number {
    return Math.min(this.deadlines.dueNs, this.quota?.dueNs ?? Number.POSITIVE_INFINITY)
  }

  /** @returns whether no task may have a CPU from now on */
  checkLimits(nowNs: number): boolean {
    this.deadlines.check(nowNs)
    return this.quota?.check(nowNs) === true
  }

  /** A task's turn begins. @param isTaken whether another one has that CPU */
  place(task: Task, isTaken: (cpu: number) => boolean): void {
    if (this.cpus > 1) task.scheduling.place(this.cpus, isTaken)
  }

  /** Whether there is a CPU for it. Precondition: not all are taken. */
  hasPlace({scheduling}: Task, isTaken: (cpu: number) => boolean): boolean {
    return scheduling.affinity === undefined || scheduling.canRun(this.cpus, isTaken)
  }

  count(task: Task, ns: number): void {
    this.#busyNs[task.scheduling.cpu] += ns
  }

  /** By CPU, nanoseconds. @param tasks all; @param nowNs CLOCK_MONOTONIC */
  busyNs(tasks: Iterable<Task>, nowNs: number): number[] {
    const busyNs = [...this.#busyNs]
    for (const {onCpuSinceNs, scheduling} of tasks) {
      if (onCpuSinceNs !== 0) busyNs[scheduling.cpu] += nowNs - onCpuSinceNs
    }
    return busyNs
  }

  /** Of all CPUs. */
  totalNs(tasks: Iterable<Task>, nowNs: number): number {
    return this.busyNs(tasks, nowNs).reduce((sum, ns) => sum + ns, 0)
  }
}
