// Sleep: a blocked task on the queues, descriptors and the deadline that its call waits for.

import type {HostWatch} from './host-watch.ts'
import type {Task} from './task.ts'
import type {Timer, TimerQueue} from './timers.ts'
import type {Wait} from './wait.ts'

export class Sleep {
  readonly task: Task
  readonly wait: Wait
  /** The deadline came. */
  expired = false
  readonly #watch: HostWatch
  readonly #timers: TimerQueue
  readonly #onWake: () => void
  readonly #interests: ReturnType<HostWatch['add']>[] = []
  #timer: Timer | undefined

  /** @param wake called, maybe more than once, when the call should be tried again */
  constructor(task: Task, wait: Wait, watch: HostWatch, timers: TimerQueue, wake: (sleep: Sleep) => void) {
    this.task = task
    this.wait = wait
    this.#watch = watch
    this.#timers = timers
    this.#onWake = () => wake(this)
  }

  /** Is there a signal that the call may see? */
  get isInterruptible(): boolean {
    const {signals} = this.task
    return signals.attention !== 0 && (!this.wait.onlyKillable || signals.hasFatal)
  }

  begin(): void {
    const {files, queues, deadlineNs} = this.wait
    for (const {file, events} of files ?? []) {
      file.waiters?.join(this.#onWake)
      this.#interests.push(this.#watch.add(file, events))
    }
    for (const queue of queues ?? []) queue.join(this.#onWake)
    if (deadlineNs === undefined || deadlineNs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#timers.add(deadlineNs, () => {
      this.expired = true
      this.#onWake()
    })
  }

  end(): void {
    const {files, queues} = this.wait
    for (const {file} of files ?? []) file.waiters?.leave(this.#onWake)
    for (const interest of this.#interests) if (interest !== undefined) this.#watch.remove(interest)
    for (const queue of queues ?? []) queue.leave(this.#onWake)
    this.#timers.cancel(this.#timer)
    this.wait.ended?.()
  }
}
