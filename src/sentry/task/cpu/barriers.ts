// Barriers: calls that wait until each of some tasks has left its CPU at least for a moment: membarrier(2).

import {WaitQueue} from '../../../vfs/wait-queue.ts'
import type {Task} from '../../core/task.ts'

export interface Barrier {
  /** Tasks that have been on CPUs since before the call. */
  readonly pending: Set<Task>
  /** Woken when none are left. */
  readonly done: WaitQueue
}

export class Barriers {
  readonly #open = new Set<Barrier>()

  /** @param tasks running tasks that were told to trap */
  open(tasks: readonly Task[]): Barrier {
    const barrier: Barrier = {pending: new Set(tasks), done: new WaitQueue()}
    if (tasks.length > 0) this.#open.add(barrier)
    return barrier
  }

  /** The task has trapped, or ended. Called in every trap. */
  pass(task: Task): void {
    if (this.#open.size === 0) return
    for (const barrier of this.#open) {
      if (!barrier.pending.delete(task) || barrier.pending.size > 0) continue
      this.#open.delete(barrier)
      barrier.done.wakeAll()
    }
  }
}
