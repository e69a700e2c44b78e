// PosixTimers: timer_create(2): a process's timers by id. Each has at most one signal queued; missed expirations are its overrun.

import {EINVAL, Errno} from '../../abi/errno.ts'
import {setTimerOverrun, timerInfo} from '../../abi/siginfo.ts'
import type {Fate, RestingTimer, SignalTimer} from '../core/pending-signal.ts'
import type {Process} from '../core/process.ts'
import type {Task} from '../core/task.ts'
import {PeriodicTimer, TICK_NS, TimerClock, type TimerOwner} from './periodic-timer.ts'

/** How a timer reports that it expired. */
export interface TimerNotice {
  /** Undefined: no signal. */
  readonly signal: number | undefined
  /** sigval, 8 bytes; undefined: the timer's id. */
  readonly value: bigint | undefined
  /** SIGEV_THREAD_ID. */
  readonly task: Task | undefined
}

const DELAYTIMER_MAX = 0x7fff_ffff

export class PosixTimer implements TimerOwner, SignalTimer, RestingTimer {
  readonly isReserved = true
  readonly id: number
  /** clockid_t. */
  readonly clock: number
  readonly timer: PeriodicTimer
  /** As of the last signal taken: timer_getoverrun(2). */
  overrun = 0
  readonly #process: Process
  readonly #notice: TimerNotice
  #isQueued = false
  #missed = 0

  constructor(
    task: Task,
    id: number,
    clock: number,
    counted: Pick<Task, 'cpuTimeNs'> | undefined,
    notice: TimerNotice,
  ) {
    this.id = id
    this.clock = clock
    this.#process = task.process
    this.#notice = notice
    const {kernel} = task
    this.timer = new PeriodicTimer(kernel, new TimerClock(kernel, counted), this)
  }

  expired(times: number): number | undefined {
    if (this.#process.exit !== undefined) {
      this.timer.disarm()
      return undefined
    }
    const {signal} = this.#notice
    if (signal === undefined) return undefined
    if (this.#isQueued) {
      this.#missed += times
      return undefined
    }
    this.#isQueued = true
    this.#missed = times - 1
    this.resend()
    return this.#isQueued ? undefined : TICK_NS
  }

  resend(): void {
    const {signal, value, task} = this.#notice
    if (signal === undefined) return
    // Its thread has ended: nobody gets it.
    if (task !== undefined && !this.#process.tasks.includes(task)) return
    const info = timerInfo(signal, this.id, 0, value ?? BigInt(this.id))
    const target = task?.signals ?? this.#process.signals
    target.raise(signal, info, this)
  }

  /** timer_settime(2), timer_delete(2): what it has sent before is not delivered any more (since Linux 6.13). */
  withdraw(): void {
    const {signal} = this.#notice
    if (signal !== undefined) this.#process.signals.withdraw(signal, this)
    this.#isQueued = false
    this.#missed = this.overrun = 0
  }

  /** Frees its place in the queue of signals. */
  unreserve(): void {
    this.#process.signals.unreserve()
  }

  taken(fate: Fate, {signal, info}: {signal: number; info: Uint8Array}): void {
    // It rests until the signal is no longer ignored; what it misses counts (since Linux 6.13).
    if (fate === 'ignored' && this.timer.intervalNs > 0) {
      this.#process.signals.whenHeeded(signal, this)
      return
    }
    // What it has missed while it rested.
    this.timer.catchUp()
    this.#isQueued = false
    if (fate !== 'delivered') {
      this.timer.goOn()
      return
    }
    this.timer.told()
    this.overrun = Math.min(this.#missed, DELAYTIMER_MAX)
    setTimerOverrun(info, this.overrun)
  }
}

export class PosixTimers {
  readonly #timers = new Map<number, PosixTimer>()
  #nextId = 0

  /**
   * @param counted the owner of the CPU time that it counts; undefined: a wall clock
   * @throws Errno EAGAIN: Linux counts timers as queued signals
   */
  create(
    task: Task,
    clock: number,
    counted: Pick<Task, 'cpuTimeNs'> | undefined,
    notice: TimerNotice,
  ): PosixTimer {
    task.process.signals.reserve()
    const timer = new PosixTimer(task, this.#nextId++, clock, counted, notice)
    this.#timers.set(timer.id, timer)
    return timer
  }

  /** @throws Errno EINVAL */
  get(id: number): PosixTimer {
    const timer = this.#timers.get(id)
    if (timer === undefined) throw new Errno(EINVAL)
    return timer
  }

  deleteAll(): void {
    for (const id of this.#timers.keys()) this.delete(id)
  }

  /** @throws Errno EINVAL */
  delete(id: number): void {
    const timer = this.get(id)
    timer.timer.disarm()
    timer.withdraw()
    timer.unreserve()
    this.#timers.delete(id)
  }
}
