// ProcessSignals: the signal state that a process's tasks share: actions, the process's own pending queue, the stop state.

import {EAGAIN, Errno} from '../../abi/errno.ts'
import {codeOf, plainInfo, SI_KERNEL, SI_USER, type SignalInfo} from '../../abi/siginfo.ts'
import {SIGCONT, SIGKILL, SIGRTMIN, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU} from '../../abi/signal.ts'
import {Budget, COST} from '../../vfs/budget.ts'
import {WaitQueue} from '../../vfs/wait-queue.ts'
import type {RestingTimer, SignalTimer} from '../core/pending-signal.ts'
import type {ResourceLimits} from '../core/resource-limits.ts'
import {RLIMIT_SIGPENDING} from '../core/resource-limits.ts'
import {PendingSignals} from './pending.ts'
import {type SignalAction, SignalHandlers} from './signal-handlers.ts'
import type {TaskSignals} from './task-signals.ts'

const STOP_SIGNALS = [SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU]

export class ProcessSignals {
  readonly pending: PendingSignals
  /** Woken when a signal was sent to the process or a task of it: sigtimedwait(2), signalfd(2). */
  readonly arrivals = new WaitQueue()
  /** The tasks' halves; a task joins in TaskSignals.attach. */
  readonly tasks: TaskSignals[] = []
  readonly #limits: ResourceLimits
  #handlers: SignalHandlers
  /** Called when a signal stopped it, and when SIGCONT continued it: the parent is told. */
  onStopped: ((signal: number) => void) | undefined
  onContinued: (() => void) | undefined
  readonly #budget: Budget
  /** Infos in the queues, plus places reserved for timers. */
  #queued = 0
  /** Periodic timers whose signals were ignored, by signal. */
  readonly #ignoredTimers = new Map<number, Set<RestingTimer>>()
  #stopped = false
  #hasEnded = false

  /** @param budget counts queued signals and timers */
  constructor(limits: ResourceLimits, budget = new Budget(), handlers = new SignalHandlers()) {
    this.#limits = limits
    this.#handlers = handlers
    this.#budget = budget
    this.pending = new PendingSignals(this.countQueued)
  }

  /** For PendingSignals: a signal was queued (1) or taken (-1). */
  readonly countQueued = (change: number): void => {
    this.#queued += change
    this.#budget.note(change * COST.signal)
  }

  /** Reserves a place in the queue for a timer's signal, which therefore always finds one. @throws Errno EAGAIN */
  reserve(): void {
    if (this.#queued >= this.#limits.get(RLIMIT_SIGPENDING).soft) throw new Errno(EAGAIN)
    this.#budget.take(COST.timer, EAGAIN)
    this.#queued++
  }

  unreserve(): void {
    this.#budget.give(COST.timer)
    this.#queued--
  }

  /** Since a stop signal, until SIGCONT or SIGKILL is sent. No task of the process may run. */
  get stopped(): boolean {
    return this.#stopped
  }

  action(signal: number): SignalAction {
    return this.#handlers.get(signal)
  }

  get handlers(): SignalHandlers {
    return this.#handlers
  }

  /** sigaction(2). Pending signals that are now ignored are dropped; timers' periodic ones come again when they no longer are. */
  setAction(signal: number, action: SignalAction): void {
    this.#handlers.set(signal, action)
    if (this.ignores(signal)) {
      this.#drop(signal)
      return
    }
    const timers = this.#ignoredTimers.get(signal)
    this.#ignoredTimers.delete(signal)
    for (const timer of timers ?? []) timer.resend()
  }

  /** A timer's signal was ignored: it sends one again once the signal no longer is. */
  whenHeeded(signal: number, timer: RestingTimer): void {
    const timers = this.#ignoredTimers.get(signal) ?? new Set()
    this.#ignoredTimers.set(signal, timers.add(timer))
  }

  /** What the timer sent is not delivered any more. */
  withdraw(signal: number, timer: SignalTimer & RestingTimer): void {
    this.#ignoredTimers.get(signal)?.delete(timer)
    this.pending.withdraw(signal, timer)
    for (const task of this.tasks) task.pending.withdraw(signal, timer)
    for (const task of this.tasks) task.update()
  }

  /** The action is to ignore, by choice or by default. */
  ignores(signal: number): boolean {
    return this.#handlers.ignores(signal)
  }

  /** execve(2): handlers are gone, ignored signals stay ignored, and processes that shared the handlers keep them. */
  resetHandlers(): void {
    this.#handlers = this.#handlers.copyCleared()
  }

  /**
   * Sends a signal to the process: any of its tasks takes it.
   * @param info default: from the kernel
   * @throws Errno EAGAIN when a queued real-time signal exceeds RLIMIT_SIGPENDING
   */
  raise(signal: number, info: SignalInfo = plainInfo(signal, SI_KERNEL), timer?: SignalTimer): void {
    this.send(signal, info, undefined, timer)
  }

  /** `target` undefined: to the process. Signal numbers are 1 to NSIG. */
  send(signal: number, info: SignalInfo, target: TaskSignals | undefined, timer?: SignalTimer): void {
    const pending = {signal, info, timer}
    if (this.#hasEnded) {
      timer?.taken('lost', pending)
      return
    }
    this.#changeStopState(signal)
    const masked =
      target === undefined ? this.tasks.every((task) => task.blocks(signal)) : target.blocks(signal)
    if (this.ignores(signal) && !masked) {
      timer?.taken('ignored', pending)
      return
    }
    const queue = target === undefined ? this.pending : target.pending
    if (!timer?.isReserved && !this.#hasRoom(signal, info)) {
      if (signal >= SIGRTMIN && codeOf(info) !== SI_USER) throw new Errno(EAGAIN)
      queue.addWithoutInfo(signal)
      timer?.taken('lost', pending)
    } else if (!queue.add(pending)) timer?.taken('lost', pending)
    for (const task of this.tasks) task.update()
    this.arrivals.wakeAll()
    const receiver = target ?? this.#receiver(signal, timer?.isReserved === true)
    if (receiver !== undefined && receiver.attention !== 0) receiver.notify()
  }

  /** One that takes the signal; a timer's rather goes to one that runs (posixtimer_send_sigqueue in Linux). */
  #receiver(signal: number, isOfTimer: boolean): TaskSignals | undefined {
    const running = isOfTimer ? this.tasks.find((task) => task.isAwake && !task.blocks(signal)) : undefined
    return running ?? this.tasks.find((task) => !task.blocks(signal))
  }

  /** The process has ended: signals to the zombie have no effect. */
  end(): void {
    this.#hasEnded = true
    this.pending.dropAll()
  }

  stop(signal: number): void {
    this.#stopped = true
    for (const task of this.tasks) {
      task.update()
      task.notify()
    }
    this.onStopped?.(signal)
  }

  // signal(7): a stop signal and SIGCONT cancel each other when sent, whatever the mask and the action say.
  #changeStopState(signal: number): void {
    if (STOP_SIGNALS.includes(signal)) this.#drop(SIGCONT)
    if (signal === SIGCONT) for (const stop of STOP_SIGNALS) this.#drop(stop)
    if (!this.#stopped || (signal !== SIGCONT && signal !== SIGKILL)) return
    this.#stopped = false
    for (const task of this.tasks) {
      task.update()
      task.notify()
    }
    if (signal === SIGCONT) this.onContinued?.()
  }

  #drop(signal: number): void {
    this.pending.drop(signal)
    for (const task of this.tasks) task.pending.drop(signal)
    for (const task of this.tasks) task.update()
  }

  // Linux queues standard signals from the kernel and kill(2) beyond the limit: there is at most one of each.
  #hasRoom(signal: number, info: SignalInfo): boolean {
    if (signal < SIGRTMIN && codeOf(info) >= 0) return true
    return this.#queued < this.#limits.get(RLIMIT_SIGPENDING).soft && this.#budget.hasRoom(COST.signal)
  }
}
