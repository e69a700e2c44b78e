// Listening to several contexts at a time: each on its own thread, the sentry looks at all their frames in turn.

import type {KvmContext} from './context.ts'

/** Looks at each frame between two looks at the clock. */
const ROUNDS = 128
/** How long the sentry looks for the next trap before it sleeps: about what a wake-up costs. */
const SPIN_NS = 50_000

/** The first that has something to tell, in the order of `contexts`; undefined: none, for some microseconds. */
export function firstToTrap(contexts: readonly KvmContext[], attention: Int32Array): KvmContext | undefined {
  for (let round = 0; round < ROUNDS; round++) {
    for (const context of contexts) if (context.cpu.hasNews) return context
    if (Atomics.load(attention, 0) !== 0) return undefined
  }
  return undefined
}

/** How long to look before one sleeps. */
export class Patience {
  readonly #now: () => number
  #until = 0

  /** @param now CLOCK_MONOTONIC nanoseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** There was something. */
  renew(): void {
    this.#until = 0
  }

  /** Nothing yet: look on? */
  lasts(): boolean {
    const now = this.#now()
    if (this.#until === 0) this.#until = now + SPIN_NS
    return now < this.#until
  }
}
