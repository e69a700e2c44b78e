// SystemTime: how much of a task's CPU time its calls and faults took. One of STRIDE is timed, and counts for all of them.

import type {Costs} from '../../../platform/costs.ts'
import type {Task} from '../../core/task.ts'

/** A clock costs as much as a short call does. Prime, so that a program which repeats a few calls has each of them timed. */
const STRIDE = 17

export class SystemTime {
  #left = STRIDE
  #estimatedNs = 0
  #toldNs = 0
  /** The task's CPU time when it was last told. */
  #toldCpuNs = 0

  /** Call for each: whether this one is to be timed. */
  get isDue(): boolean {
    return --this.#left === 0
  }

  /** @param ns what the timed one took */
  note(ns: number): void {
    this.#left = STRIDE
    this.#estimatedNs += ns * STRIDE
  }

  /** It grows no faster than CPU time, so that user time, the rest, never goes back. @param cpuNs the task's CPU time now */
  of(cpuNs: number): number {
    this.#toldNs = Math.min(this.#estimatedNs, this.#toldNs + cpuNs - this.#toldCpuNs)
    this.#toldCpuNs = cpuNs
    return this.#toldNs
  }
}

/** Answers a trap that is due to be timed. The least that a trap costs is part of it. */
export function answerTimed(
  task: Task,
  answer: (task: Task) => boolean,
  {trapNs, polledNs = trapNs}: Costs,
): boolean {
  const {kernel} = task
  const startNs = kernel.monotonicNs()
  const goesOn = answer(task)
  task.systemTime.note(kernel.monotonicNs() - startNs + polledNs)
  return goesOn
}
