// Sleep: a blocked task on the queues, descriptors and deadline that its call waits for.

import type {Waiter, WaitQueue} from '../../vfs/wait-queue.ts'
import type {Task} from '../core/task.ts'
import type {Wait} from '../core/wait.ts'
import type {HostInterest, HostWatch} from '../fd/host-watch.ts'
import type {Timer, TimerQueue, TimerTarget} from '../time/timers.ts'

export class Sleep implements Waiter, TimerTarget {
  readonly task: Task
  readonly wait: Wait
  /** The deadline came. */
  expired = false
  readonly #watch: HostWatch
  readonly #timers: TimerQueue
  readonly #woken: Set<Sleep>
  readonly #interests: (HostInterest | undefined)[] = []
  /** A file may answer with another queue when another task asks: signalfds. */
  readonly #queues: WaitQueue[] = []
  #timer: Timer | undefined

  /** @param woken the sleeps whose calls should be tried again: it puts itself there */
  constructor(task: Task, wait: Wait, watch: HostWatch, timers: TimerQueue, woken: Set<Sleep>) {
    this.task = task
    this.wait = wait
    this.#watch = watch
    this.#timers = timers
    this.#woken = woken
  }

  /** Whether there is a signal that the call may see. */
  get isInterruptible(): boolean {
    const {signals} = this.task
    return signals.attention !== 0 && (!this.wait.onlyKillable || signals.hasFatal)
  }

  begin(): void {
    const {files, queues, deadlineNs} = this.wait
    for (const {file, events} of files ?? []) {
      if (file.waiters !== undefined) this.#queues.push(file.waiters)
      this.#interests.push(this.#watch.add(file, events))
    }
    this.#queues.push(...(queues ?? []))
    for (const queue of this.#queues) queue.join(this)
    if (deadlineNs === undefined || deadlineNs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#timers.add(deadlineNs, this)
  }

  wake(): void {
    this.#woken.add(this)
  }

  expire(): void {
    this.expired = true
    this.wake()
  }

  end(): void {
    for (const queue of this.#queues) queue.leave(this)
    for (const interest of this.#interests) this.#watch.remove(interest)
    this.#timers.cancel(this.#timer)
    this.wait.next.ended?.(this.task, this.wait.progress)
  }
}
