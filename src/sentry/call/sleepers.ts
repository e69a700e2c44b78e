// Sleepers: the blocked tasks, each a Sleep, and what becomes of their calls when they are woken.

import type {Waiter, WaitQueue} from '../../vfs/wait-queue.ts'
import type {Kernel} from '../core/kernel.ts'
import type {Task} from '../core/task.ts'
import type {Wait} from '../core/wait.ts'
import type {HostInterest, HostWatch} from '../fd/host-watch.ts'
import {hasDeliverable, interruptWait} from '../signals/deliver.ts'
import type {Scheduler} from '../task/cpu/scheduler.ts'
import type {Timer, TimerQueue, TimerTarget} from '../time/timers.ts'
import {retry} from './dispatch.ts'

export class Sleepers {
  readonly #kernel: Kernel
  readonly #scheduler: Scheduler
  readonly #watch: HostWatch
  readonly #asleep = new Map<Task, Sleep>()
  readonly #woken = new Set<Sleep>()

  constructor(kernel: Kernel, scheduler: Scheduler, watch: HostWatch) {
    this.#kernel = kernel
    this.#scheduler = scheduler
    this.#watch = watch
  }

  /** Its call blocks, for what `task.wait` names. */
  add(task: Task): void {
    const {timers} = this.#kernel
    const sleep = new Sleep(task, task.wait!, this.#watch, timers, this.#woken)
    this.#asleep.set(task, sleep)
    sleep.begin()
    // A signal is already pending.
    if (task.signals.wakesSleepers) this.#woken.add(sleep)
  }

  get hasWoken(): boolean {
    return this.#woken.size > 0
  }

  /** Makes its call be tried again. @returns false when it does not sleep */
  wake(task: Task): boolean {
    const sleep = this.#asleep.get(task)
    if (sleep === undefined) return false
    this.#woken.add(sleep)
    return true
  }

  forget(task: Task): void {
    this.#asleep.get(task)?.end()
    this.#asleep.delete(task)
    task.releaseHeld()
  }

  /** Its call ends as by a signal, whatever it waits for. Precondition: it sleeps. */
  interrupt(task: Task): void {
    this.#interrupt(this.#asleep.get(task)!)
    task.signals.interrupted = undefined
  }

  /** Retries the calls of those that were woken: each ends, or goes on waiting. */
  retryWoken(): void {
    if (this.#woken.size === 0) return
    for (const sleep of [...this.#woken]) {
      this.#woken.delete(sleep)
      if (this.#asleep.get(sleep.task) === sleep) this.#scheduler.charge(sleep.task, () => this.#retry(sleep))
    }
  }

  /** As in Linux's wait loops (wait_event_interruptible), what the call waits for counts before a signal does. */
  #retry(sleep: Sleep): void {
    const {task} = sleep
    // Stopped, or held by a debugger, it retries when it goes on: until then it sees nothing change.
    if (!task.signals.process.stopped && task.signals.watch !== 'held') {
      const isDone = retry(task, sleep.expired)
      if (this.#isGone(sleep)) return
      if (isDone) {
        this.#end(sleep)
        return
      }
      if (task.wait !== sleep.wait) {
        sleep.end()
        this.add(task)
      }
    }
    const current = this.#asleep.get(task)!
    if (current.isInterruptible && hasDeliverable(task)) this.#interrupt(current)
  }

  #interrupt(sleep: Sleep): void {
    this.#end(sleep)
    interruptWait(sleep.task)
    this.#kernel.tracer?.leave(sleep.task, undefined)
  }

  /** The sleep has ended meanwhile, by a signal or by the call itself. */
  #isGone(sleep: Sleep): boolean {
    return this.#asleep.get(sleep.task) !== sleep
  }

  #end(sleep: Sleep): void {
    sleep.end()
    this.#asleep.delete(sleep.task)
    sleep.task.releaseHeld()
    this.#scheduler.wake(sleep.task)
  }
}

/** A blocked task on the queues, descriptors and deadline that its call waits for. */
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
