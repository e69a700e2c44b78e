// Exclusion: a task runs while the others that share its memory stand still, because a watched page is open to all of them.

import type {Waiter, WaitQueue} from '../../vfs/wait-queue.ts'
import type {Task} from '../core/task.ts'

export class Exclusion implements Waiter {
  readonly task: Task
  readonly #others = new Set<Task>()
  /** What is to be done once none of the others is on a CPU; undefined: they stand still. */
  #waiting: (() => void)[] | undefined
  readonly #done: WaitQueue

  /** @param others they are asked from now on before they run, and must not */
  constructor(task: Task, others: readonly Task[]) {
    this.task = task
    for (const other of others) this.add(other)
    const {pending, done} = task.kernel.barrier((one) => this.#others.has(one))
    this.#done = done
    if (pending.size === 0) return
    this.#waiting = []
    done.join(this)
  }

  /** A task that has not run yet. */
  add(other: Task): void {
    this.#others.add(other)
    if (other.signals.watch === 'none') other.signals.setWatch('asked')
  }

  mayRun(task: Task): boolean {
    return task === this.task && this.#waiting === undefined
  }

  /** At once, if they stand still. */
  whenAlone(act: () => void): void {
    if (this.#waiting === undefined) act()
    else this.#waiting.push(act)
  }

  wake(): void {
    this.#done.leave(this)
    for (const act of this.#waiting ?? []) act()
    this.#waiting = undefined
    this.task.kernel.notify(this.task)
  }

  /** @returns the others, which may be gone */
  end(): Iterable<Task> {
    this.#done.leave(this)
    return this.#others
  }
}
