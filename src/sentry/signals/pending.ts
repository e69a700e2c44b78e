// PendingSignals: signals that were sent and not yet taken: signal(7). Real-time signals queue, standard ones do not.

import {killInfo, SI_USER} from '../../abi/siginfo.ts'
import {SIGRTMIN} from '../../abi/signal.ts'
import {SignalSet} from '../../abi/signal-set.ts'
import type {Fate, PendingSignal} from '../core/pending-signal.ts'

/** SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS come first: a handler must see the fault, not its aftermath. */
const SYNCHRONOUS = SignalSet.of(11, 7, 4, 5, 8, 31)

export class PendingSignals {
  /** The signals that are pending. Not to be changed from outside. */
  readonly set = new SignalSet()
  readonly #queues = new Map<number, PendingSignal[]>()
  readonly #counted: (change: number) => void
  #size = 0

  /** @param counted gets the change in queued infos: RLIMIT_SIGPENDING counts them, except those of timers */
  constructor(counted: (change: number) => void = () => {}) {
    this.#counted = counted
  }

  /** @returns false when a standard signal is already pending and this one is dropped, as on Linux */
  add(pending: PendingSignal): boolean {
    const {signal} = pending
    if (signal < SIGRTMIN && this.set.has(signal)) return false
    const queue = this.#queues.get(signal)
    if (queue === undefined) this.#queues.set(signal, [pending])
    else queue.push(pending)
    this.set.add(signal)
    this.#size++
    if (!pending.timer?.isReserved) this.#counted(1)
    return true
  }

  /** How many infos are queued. */
  get size(): number {
    return this.#size
  }

  /** For a signal whose info has no room: it is pending all the same. */
  addWithoutInfo(signal: number): void {
    this.set.add(signal)
  }

  /** The next signal in `allowed`: faults first, then the lowest number, oldest first. */
  take(allowed: SignalSet): PendingSignal | undefined {
    const candidates = this.set.intersection(allowed)
    if (candidates.isEmpty) return undefined
    const signal = candidates.intersection(SYNCHRONOUS).lowest || candidates.lowest
    const queue = this.#queues.get(signal)
    // As in Linux's collect_signal: without a sender.
    if (queue === undefined) {
      this.set.delete(signal)
      return {signal, info: killInfo(signal, SI_USER, 0, 0)}
    }
    const pending = queue.shift()!
    if (queue.length === 0) this.#forget(signal)
    this.#release(pending, 'delivered')
    return pending
  }

  drop(signal: number, fate: Fate = 'ignored'): void {
    const queue = this.#queues.get(signal)
    this.#forget(signal)
    for (const pending of queue ?? []) this.#release(pending, fate)
  }

  /** Nobody will take them any longer. */
  dropAll(): void {
    for (const signal of this.set.clone()) this.drop(signal, 'lost')
  }

  /** Takes a timer's signal back, which is not told. */
  withdraw(signal: number, timer: object): void {
    const queue = this.#queues.get(signal) ?? []
    const index = queue.findIndex((pending) => pending.timer === timer)
    if (index < 0) return
    queue.splice(index, 1)
    this.#size--
    if (queue.length === 0) this.#forget(signal)
  }

  #release(pending: PendingSignal, fate: Fate): void {
    const {timer} = pending
    this.#size--
    if (!timer?.isReserved) this.#counted(-1)
    timer?.taken(fate, pending)
  }

  #forget(signal: number): void {
    this.#queues.delete(signal)
    this.set.delete(signal)
  }
}
