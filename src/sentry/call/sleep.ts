// Sleep: a blocked task on the queues, descriptors and deadline that its call waits for.

import type {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Task} from '../core/task.ts'
import type {Wait} from '../core/wait.ts'
import type {HostInterest, HostWatch} from '../fd/host-watch.ts'
import type {Timer, TimerQueue} from '../time/timers.ts'

export class Sleep {
  readonly task: Task
  readonly wait: Wait
  /** The deadline came. */
  expired = false
  readonly #watch: HostWatch
  readonly #timers: TimerQueue
  readonly #onWake: () => void
  readonly #interests: (HostInterest | undefined)[] = []
  /** A file may answer with another queue when another task asks: signalfds. */
  readonly #queues: WaitQueue[] = []
  #timer: Timer | undefined

  /** @param wake called, maybe more than once, when the call should be tried again */
  constructor(task: Task, wait: Wait, watch: HostWatch, timers: TimerQueue, wake: (sleep: Sleep) => void) {
    this.task = task
    this.wait = wait
    this.#watch = watch
    this.#timers = timers
    this.#onWake = () => wake(this)
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
    for (const queue of this.#queues) queue.join(this.#onWake)
    if (deadlineNs === undefined || deadlineNs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#timers.add(deadlineNs, () => {
      this.expired = true
      this.#onWake()
    })
  }

  end(): void {
    for (const queue of this.#queues) queue.leave(this.#onWake)
    for (const interest of this.#interests) this.#watch.remove(interest)
    this.#timers.cancel(this.#timer)
    this.wait.ended?.()
  }
}
