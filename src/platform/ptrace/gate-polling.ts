// GatePolling: which context the sentry polls for calls through the gate, and how those that it polled before come to stand still.

import {type Costs, gateLooks, gatePolling, NEVER_POLLING} from '../costs.ts'
import {Polling} from '../polling.ts'
import {CAME_POLLED, CAME_POLLED_LATE, CAME_RANG} from '../trap-words.ts'
import type {PtraceContext} from './context.ts'

/** Calls of the next context after which one that says it waits must have stopped: by then it had time to, if it told the truth. */
const MOST_CALLS = 16

export class GatePolling {
  readonly #polling: Polling
  #costs = NEVER_POLLING
  #polled: PtraceContext | undefined
  /** It was polled before `#polled`, and may not have stopped yet. */
  #left: PtraceContext | undefined
  /** Traps since then. */
  #since = 0
  /** The last that ran alone. */
  #last: PtraceContext | undefined

  /** @param now CLOCK_MONOTONIC nanoseconds */
  constructor(now: () => number) {
    this.#polling = new Polling(now, gatePolling(NEVER_POLLING))
  }

  useCosts(costs: Costs): void {
    this.#costs = costs
    this.#polling.useCosts(gatePolling(costs))
  }

  /** See {@link Polling.force}. */
  force(): void {
    this.#polling.force()
  }

  /** It is about to run, and no other does. */
  runsAlone(context: PtraceContext): void {
    if (this.#last === context) return
    this.#last = context
    const isToEnd = this.#polling.moved()
    const polled = this.#polled
    if (polled === undefined) return
    if (isToEnd) {
      this.stop()
      return
    }
    polled.native.poll(0, 0, 0)
    polled.native.deafen()
    if (this.#left !== context) this.#restLeft()
    this.#left = polled
    this.#since = 0
    this.#begin(context)
  }

  /** It ran alone. */
  trapped(context: PtraceContext): void {
    this.#since++
    if (this.#since > MOST_CALLS) this.#restLeft()
    const {came} = context
    if (this.#polled === undefined) {
      if (this.#polling.exited(came === CAME_RANG)) this.#begin(context)
      return
    }
    // The first one after a move comes late, for which the move has paid.
    const isFound = came === CAME_POLLED || (came === CAME_POLLED_LATE && this.#since === 1)
    if (isFound ? this.#polling.found() : this.#polling.missed(true)) this.stop()
  }

  /** That one waits for its answer is only its claim: no program may run while the sentry sleeps. */
  halt(): void {
    this.#restLeft()
    this.#polled?.native.halt()
  }

  /** Others run, too, or it is not worth it. */
  stop(): void {
    if (this.#polled === undefined) return
    this.#polled.native.poll(0, 0, 0)
    this.halt()
    this.#polled = undefined
    this.#polling.stop()
  }

  /** The context is disposed of. */
  forget(context: PtraceContext): void {
    if (this.#left === context) this.#left = undefined
    if (this.#last === context) this.#last = undefined
    if (this.#polled === context) this.stop()
  }

  #begin(context: PtraceContext): void {
    const {spinLooks, answerLooks, stopLooks} = gateLooks(this.#costs)
    context.native.poll(spinLooks, answerLooks, stopLooks)
    this.#polled = context
  }

  #restLeft(): void {
    this.#left?.native.rest()
    this.#left = undefined
  }
}
