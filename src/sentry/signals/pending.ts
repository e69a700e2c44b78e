// PendingSignals: signals that were sent and not yet taken: signal(7). Real-time signals queue, standard ones do not.

import type {SignalInfo} from '../../abi/siginfo.ts'
import {SIGRTMIN} from '../../abi/signal.ts'
import {SignalSet} from '../../abi/signal-set.ts'

export interface PendingSignal {
  readonly signal: number
  readonly info: SignalInfo
  /** Called when the signal is taken or dropped: a POSIX timer may send its next one then. */
  readonly taken?: () => void
}

/** SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS come first: a handler must see the fault, not its aftermath. */
const SYNCHRONOUS = SignalSet.of(11, 7, 4, 5, 8, 31)

export class PendingSignals {
  /** The signals that are pending. Not to be changed from outside. */
  readonly set = new SignalSet()
  readonly #queues = new Map<number, PendingSignal[]>()
  #size = 0

  /** How many infos are queued: RLIMIT_SIGPENDING counts them. */
  get size(): number {
    return this.#size
  }

  /** @returns false when a standard signal is pending already and this one is dropped, as Linux does */
  add(pending: PendingSignal): boolean {
    const {signal} = pending
    if (signal < SIGRTMIN && this.set.has(signal)) return false
    const queue = this.#queues.get(signal)
    if (queue === undefined) this.#queues.set(signal, [pending])
    else queue.push(pending)
    this.set.add(signal)
    this.#size++
    return true
  }

  /** The next signal of those in `allowed`: faults first, then the lowest number, oldest first. */
  take(allowed: SignalSet): PendingSignal | undefined {
    const candidates = this.set.intersection(allowed)
    if (candidates.isEmpty) return undefined
    const signal = candidates.intersection(SYNCHRONOUS).lowest || candidates.lowest
    const queue = this.#queues.get(signal)!
    const pending = queue.shift()!
    if (queue.length === 0) this.#forget(signal)
    this.#size--
    pending.taken?.()
    return pending
  }

  drop(signal: number): void {
    const queue = this.#queues.get(signal)
    if (queue === undefined) return
    this.#forget(signal)
    this.#size -= queue.length
    for (const pending of queue) pending.taken?.()
  }

  #forget(signal: number): void {
    this.#queues.delete(signal)
    this.set.delete(signal)
  }
}
