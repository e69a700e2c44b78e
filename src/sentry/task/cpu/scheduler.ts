// Scheduler: which task runs on which CPU, and which waits for one; slices, and the CPU time of each.

import {SIGKILL} from '../../../abi/signal.ts'
import type {Context, Platform} from '../../../platform/platform.ts'
import type {HostClock} from '../../../vfs/host.ts'
import type {Task} from '../../core/task.ts'
import {publishResults} from '../cached-results.ts'
import {type Barrier, Barriers} from './barriers.ts'
import type {CpuUse} from './cpu-use.ts'
import {RunQueue} from './run-queue.ts'

/** How long a task may run while others wait for their turn. */
const TIME_SLICE_NS = 10_000_000
/** Stands for the end of a slice that its task gave away. */
export const YIELDED = 0

/**
 * A task is on a CPU from when its turn comes until it sleeps, ends, or its slice is over while others wait. The time in which
 * the sentry answers its calls counts as the task's, as system time does on Linux.
 */
export class Scheduler {
  readonly #platform: Platform
  readonly #clock: HostClock
  readonly #cpuUse: CpuUse
  readonly #queue = new RunQueue()
  /** Answered tasks that still have a CPU and a slice: they go on before anybody's turn. */
  readonly #answered: Task[] = []
  /** Running tasks that were told to give up their CPU, and have not done so yet. */
  readonly #ending = new Set<Task>()
  readonly #barriers = new Barriers()

  constructor(platform: Platform, clock: HostClock, cpuUse: CpuUse) {
    this.#platform = platform
    this.#clock = clock
    this.#cpuUse = cpuUse
  }

  get isIdle(): boolean {
    return this.#platform.running.length === 0
  }

  /** The task can run when its turn comes. */
  wake(task: Task): void {
    this.#queue.wake(task)
  }

  /**
   * Gives free CPUs to waiting tasks.
   * @param prepare returns false if the task does not run after all, and is the caller's
   */
  fill(prepare: (task: Task) => boolean): void {
    while (this.#platform.running.length < this.#platform.room) {
      const task = this.#answered.pop() ?? this.#queue.take(this.#isHeld ? isKilled : this.#hasPlace)
      if (task === undefined) return
      if (task.onCpuSinceNs === 0) this.#begin(task)
      if (!prepare(task)) {
        this.leave(task)
        continue
      }
      publishResults(task)
      this.#platform.resume(task.context, task.process.space.addresses)
    }
  }

  readonly #isTaken = (cpu: number): boolean =>
    this.#platform.running.some((context) => taskOf(context).scheduling.cpu === cpu)
  readonly #hasPlace = (task: Task): boolean => this.#cpuUse.hasPlace(task, this.#isTaken)

  /** The task that the platform's event is about; the platform no longer runs it. */
  takeTrapped(): Task {
    const task = taskOf(this.#platform.trapped)
    this.#ending.delete(task)
    this.#barriers.pass(task)
    return task
  }

  /** Its trap is answered: the task goes on, now or when its turn comes again. */
  goOn(task: Task): void {
    const {scheduling} = task
    if (scheduling.isMoving || this.#isHeld) {
      this.leave(task)
      this.#queue.add(task)
    } else if (this.#platform.running.length >= this.#platform.room || this.#isOver(task)) {
      task.switches.forced++
      const yields = task.sliceEndNs === YIELDED
      this.leave(task)
      if (yields) this.#queue.addYielding(task)
      else this.#queue.add(task)
    } else this.#answered.push(task)
  }

  /** The task has no CPU any longer. */
  leave(task: Task): void {
    if (task.onCpuSinceNs === 0) return
    const nowNs = this.#clock.monotonicNs()
    this.#count(task, nowNs - task.onCpuSinceNs)
    task.process.run.cpu.end(task.onCpuSinceNs, nowNs)
    task.onCpuSinceNs = 0
    task.switches.all++
    this.#cpuUse.switches++
  }

  /** The sentry's work for a task without a CPU. */
  charge(task: Task, work: () => void): void {
    const startNs = this.#clock.monotonicNs()
    work()
    const ns = this.#clock.monotonicNs() - startNs
    this.#count(task, ns)
    task.process.run.cpu.add(ns)
  }

  /** Makes a running task trap. */
  interrupt(task: Task): void {
    this.#platform.interrupt(task.context)
  }

  /** Makes running tasks that are `isMeant` trap. Others pass through the platform before they run. */
  barrier(isMeant: (task: Task) => boolean): Barrier {
    const tasks = this.#platform.running.map(taskOf).filter(isMeant)
    for (const task of tasks) this.#platform.interrupt(task.context)
    return this.#barriers.open(tasks)
  }

  /** Removes the task from wherever it is, and stops it first if it runs. */
  remove(task: Task): void {
    this.#platform.stop(task.context)
    this.#ending.delete(task)
    this.#barriers.pass(task)
    const answered = this.#answered.indexOf(task)
    if (answered >= 0) this.#answered.splice(answered, 1)
    this.#queue.delete(task)
    this.leave(task)
  }

  /** When `keepTime` next has work, while something runs: CLOCK_MONOTONIC nanoseconds. */
  get dueNs(): number {
    return Math.min(this.#sliceEndNs(), this.#cpuUse.dueNs)
  }

  keepTime(nowNs: number): void {
    if (this.#cpuUse.checkLimits(nowNs))
      for (const context of this.#platform.running) this.#takeCpu(taskOf(context))
    else this.#endSlices(nowNs)
  }

  /** When the first slice ends that others wait for. */
  #sliceEndNs(): number {
    let firstNs = Number.POSITIVE_INFINITY
    if (this.#queue.length === 0) return firstNs
    for (const context of this.#platform.running) {
      const task = taskOf(context)
      if (task.sliceEndNs < firstNs && this.#isToEnd(task)) firstNs = task.sliceEndNs
    }
    return firstNs
  }

  /** Takes the CPU from tasks whose slice is over while others wait. */
  #endSlices(nowNs: number): void {
    let waiting = this.#queue.length - this.#ending.size
    for (const context of this.#platform.running) {
      if (waiting <= 0) return
      const task = taskOf(context)
      if (nowNs < task.sliceEndNs || !this.#isToEnd(task)) continue
      this.#takeCpu(task)
      waiting--
    }
  }

  #takeCpu(task: Task): void {
    this.#ending.add(task)
    this.#platform.interrupt(task.context)
  }

  get #isHeld(): boolean {
    return this.#cpuUse.quota?.isHeld === true
  }

  /** Whether its slice is over, and a waiting task may run in its place. */
  #isOver(task: Task): boolean {
    return this.#queue.length > 0 && this.#clock.monotonicNs() >= task.sliceEndNs && this.#isWanted(task)
  }

  /** Whether its slice ends for a waiting task: it was not told so yet. */
  #isToEnd(task: Task): boolean {
    return !this.#ending.has(task) && this.#isWanted(task)
  }

  /** Whether a waiting task may run in its place: on its CPU, or, while tasks take turns, on any. */
  #isWanted({scheduling}: Task): boolean {
    const {room, cpus} = this.#platform
    return room < cpus ? this.#queue.length > 0 : this.#queue.wants(scheduling.cpu)
  }

  #begin(task: Task): void {
    const nowNs = this.#clock.monotonicNs()
    this.#cpuUse.place(task, this.#isTaken)
    task.onCpuSinceNs = nowNs
    task.process.run.cpu.begin(nowNs)
    task.sliceEndNs = nowNs + TIME_SLICE_NS
  }

  #count(task: Task, ns: number): void {
    task.cpuNs += ns
    task.virtualNs += ns * task.scheduling.pace
    this.#cpuUse.count(task, ns)
  }
}

function taskOf({owner}: Context): Task {
  return owner as Task
}

/** It will only end, for which it need not be held. */
function isKilled({signals}: Task): boolean {
  return (
    signals.attention !== 0 && (signals.pending.set.has(SIGKILL) || signals.process.pending.set.has(SIGKILL))
  )
}
