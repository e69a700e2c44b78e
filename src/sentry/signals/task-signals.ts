// TaskSignals: a task's own signal state: its mask, its own pending queue, its alternate stack.

import {plainInfo, SI_KERNEL, type SignalInfo} from '../../abi/siginfo.ts'
import {defaultAction, SIG_DFL, SIGKILL, SIGSTOP} from '../../abi/signal.ts'
import {SignalSet} from '../../abi/signal-set.ts'
import type {FaultRecord} from '../../arch/architecture.ts'
import type {PendingSignal, SignalTimer} from '../core/pending-signal.ts'
import type {Task} from '../core/task.ts'
import type {Restart} from '../core/wait.ts'
import {AlternateStack} from './alternate-stack.ts'
import {PendingSignals} from './pending.ts'
import type {ProcessSignals} from './process-signals.ts'

const PENDING = 1
const MASK_TO_RESTORE = 2
const STOPPED = 4
const WATCHED = 8

/** A debugger's: it is `asked` each time before the task runs, or the task is `held` and does not run at all. */
export type Watch = 'none' | 'asked' | 'held'

export interface InterruptedCall {
  readonly restart: Restart
  readonly callNumber: number
  /** All 64 bits. */
  readonly firstArgument: bigint
}

export class TaskSignals {
  /** Nonzero: look closer (deliver.ts) before the task runs on. The trap path reads nothing else. */
  attention = 0
  readonly process: ProcessSignals
  readonly pending: PendingSignals
  readonly alternateStack = new AlternateStack()
  fault: FaultRecord = {trapNumber: 0, errorCode: 0, address: 0}
  /** Taken from a queue; its handler runs next. */
  next: PendingSignal | undefined
  /** A blocked call that a signal ended. */
  interrupted: InterruptedCall | undefined
  readonly #mask = new SignalSet()
  /** The mask that sigsuspend(2), ppoll(2) and pselect(2) replaced while they last. */
  #savedMask: SignalSet | undefined
  /** sigtimedwait(2) takes these itself: no handler runs for them. */
  #awaited: SignalSet | undefined
  #watch: Watch = 'none'
  #task: Task | undefined

  constructor(process: ProcessSignals) {
    this.process = process
    this.pending = new PendingSignals(process.countQueued)
  }

  /** Joins the process; from now on, Kernel.notify tells the task about signals. */
  attach(task: Task): void {
    this.#task = task
    this.process.tasks.push(this)
    this.update()
  }

  /** The task ended. */
  detach(): void {
    const index = this.process.tasks.indexOf(this)
    if (index >= 0) this.process.tasks.splice(index, 1)
    this.#task = undefined
    this.pending.dropAll()
    this.#passOn()
  }

  /** Passes on signals to the process that this task was notified of and no longer takes: retarget_shared_pending in Linux. */
  #passOn(): void {
    const {pending, tasks} = this.process
    if ((pending.set.low | pending.set.high) === 0) return
    for (const task of tasks) if (task !== this && task.attention & PENDING) task.notify()
  }

  /**
   * Sends a signal to this task alone.
   * @param info default: from the kernel
   * @throws Errno EAGAIN when a queued real-time signal exceeds RLIMIT_SIGPENDING
   */
  raise(signal: number, info: SignalInfo = plainInfo(signal, SI_KERNEL), timer?: SignalTimer): void {
    this.process.send(signal, info, this, timer)
  }

  notify(): void {
    if (this.#task !== undefined) this.#task.kernel.notify(this.#task)
  }

  /** The task runs, or waits for a CPU alone. */
  get isAwake(): boolean {
    return this.#task !== undefined && this.#task.wait === undefined
  }

  /** A copy of the mask. */
  get mask(): SignalSet {
    return this.#mask.clone()
  }

  /** SIGKILL and SIGSTOP cannot be blocked and are left out. */
  set mask(mask: SignalSet) {
    this.#mask.assign(mask)
    this.#mask.delete(SIGKILL)
    this.#mask.delete(SIGSTOP)
    this.update()
    this.#passOn()
  }

  blocks(signal: number): boolean {
    return this.#mask.has(signal)
  }

  /**
   * Puts `mask` in force until the current call is done: ppoll(2), pselect(2), epoll_pwait(2), sigsuspend(2).
   * Callers need not undo it: deliver() does, on the task's way back.
   */
  setTemporaryMask(mask: SignalSet): void {
    this.#savedMask ??= this.#mask.clone()
    this.mask = mask
  }

  /** The mask that a handler returns to. */
  get maskToReturnTo(): SignalSet {
    return (this.#savedMask ?? this.#mask).clone()
  }

  /** A handler's frame holds the saved mask now. */
  forgetSavedMask(): void {
    this.#savedMask = undefined
    this.update()
  }

  restoreSavedMask(): void {
    const saved = this.#savedMask
    if (saved === undefined) return
    this.#savedMask = undefined
    this.mask = saved
  }

  /** `attention` is not only for a debugger. */
  get wakesSleepers(): boolean {
    return (this.attention & ~WATCHED) !== 0
  }

  get watch(): Watch {
    return this.#watch
  }

  setWatch(watch: Watch): void {
    this.#watch = watch
    this.update()
  }

  set awaited(signals: SignalSet | undefined) {
    this.#awaited = signals
    this.update()
  }

  /** Takes the next signal whose handler may run. */
  takeDeliverable(): PendingSignal | undefined {
    const isStill = this.process.stopped || this.#watch === 'held'
    return this.take(isStill ? SignalSet.of(SIGKILL) : this.#deliverable())
  }

  /** Takes the next pending signal of the set: the task's own before the process's. */
  take(signals: SignalSet): PendingSignal | undefined {
    const pending = this.pending.take(signals) ?? this.process.pending.take(signals)
    if (pending !== undefined) for (const task of this.process.tasks) task.update()
    return pending
  }

  /** Pending for the task or its process, blocked or not. */
  get pendingSet(): SignalSet {
    return this.pending.set.union(this.process.pending.set)
  }

  /** A signal is pending that will end the process: Linux's fatal_signal_pending. */
  get hasFatal(): boolean {
    for (const signal of this.pendingSet.intersection(this.#deliverable())) {
      const {handler} = this.process.action(signal)
      const action = defaultAction(signal)
      if (handler === SIG_DFL && action !== 'ignore' && action !== 'stop') return true
    }
    return false
  }

  /** Brings `attention` up to date after a change of a queue, a mask or the stop state. */
  update(): void {
    const mask = this.#mask
    const awaited = this.#awaited
    const low = (this.pending.set.low | this.process.pending.set.low) & ~mask.low & ~(awaited?.low ?? 0)
    const high = (this.pending.set.high | this.process.pending.set.high) & ~mask.high & ~(awaited?.high ?? 0)
    this.attention =
      ((low | high) === 0 ? 0 : PENDING) |
      (this.#savedMask === undefined ? 0 : MASK_TO_RESTORE) |
      (this.process.stopped ? STOPPED : 0) |
      (this.#watch === 'none' ? 0 : WATCHED)
  }

  #deliverable(): SignalSet {
    const deliverable = this.#mask.inverted()
    if (this.#awaited !== undefined) deliverable.deleteAll(this.#awaited)
    return deliverable
  }
}
