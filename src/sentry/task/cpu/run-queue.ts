// RunQueue: the tasks that wait for a CPU, those that had the least first: the idea of Linux's fair scheduler.

import type {Task} from '../../core/task.ts'

/** How far a woken task is ahead of those that ran meanwhile, nanoseconds: it is served soon, but not for ever. */
const WAKE_BONUS_NS = 10_000_000

export class RunQueue {
  /** Ascending by virtualNs. */
  readonly #tasks: Task[] = []
  /** The virtual time of the last task taken: it never decreases. */
  #minimumNs = 0

  get length(): number {
    return this.#tasks.length
  }

  /** For a task that slept, or is new. */
  wake(task: Task): void {
    task.virtualNs = Math.max(task.virtualNs, this.#minimumNs - WAKE_BONUS_NS)
    this.add(task)
  }

  /** For a task that gave its turn away: the next one goes before it. */
  addYielding(task: Task): void {
    const next = this.#tasks[0]
    if (next !== undefined) task.virtualNs = Math.max(task.virtualNs, next.virtualNs)
    this.add(task)
  }

  add(task: Task): void {
    const tasks = this.#tasks
    let low = 0
    let high = tasks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (tasks[middle].virtualNs > task.virtualNs) high = middle
      else low = middle + 1
    }
    tasks.splice(low, 0, task)
  }

  /** The first that `fits`. */
  take(fits: (task: Task) => boolean = () => true): Task | undefined {
    const index = this.#tasks.findIndex(fits)
    if (index < 0) return undefined
    const [task] = this.#tasks.splice(index, 1)
    if (task.virtualNs > this.#minimumNs) this.#minimumNs = task.virtualNs
    return task
  }

  /** Whether some waiting task may have that CPU. */
  wants(cpu: number): boolean {
    return this.#tasks.some(({scheduling}) => scheduling.allows(cpu))
  }

  delete(task: Task): void {
    const index = this.#tasks.indexOf(task)
    if (index >= 0) this.#tasks.splice(index, 1)
  }
}
