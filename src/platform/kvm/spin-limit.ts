// How long the sentry looks for the next trap before it sleeps, and where.

import {type BreakEven, breakEven, NEVER_POLLING} from '../costs.ts'
import type {KvmContext} from './context.ts'

export class SpinLimit {
  /** The costs that it follows. */
  breakEven: BreakEven = breakEven(NEVER_POLLING)
  /** The cost of a trap by exit: a context that KVM_RUN still has to bring into the guest is late by at most that. */
  entryNs = 0
  readonly #now: () => number
  #until = 0
  #isToEnter = false

  /** @param now CLOCK_MONOTONIC nanoseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Something has come. */
  renew(): void {
    this.#until = 0
    this.#isToEnter = false
  }

  /** The context that is waited for goes on through KVM_RUN. */
  allowEntry(): void {
    this.#isToEnter = true
  }

  /** Nothing has come yet: whether to look on. */
  lasts(): boolean {
    const now = this.#now()
    if (this.#until === 0) this.#until = now + this.breakEven.spinNs + (this.#isToEnter ? this.entryNs : 0)
    return now < this.#until
  }
}

/** How often it looks at each frame between two looks at the clock. */
const ROUNDS = 128

/** The first, in the order of `contexts`, that has trapped; undefined: none did for some microseconds. */
export function firstToTrap(contexts: readonly KvmContext[], attention: Int32Array): KvmContext | undefined {
  for (let round = 0; round < ROUNDS; round++) {
    for (const context of contexts) if (context.cpu.hasNews) return context
    if (Atomics.load(attention, 0) !== 0) return undefined
  }
  return undefined
}
