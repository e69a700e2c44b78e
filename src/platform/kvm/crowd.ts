// Listening to several contexts at a time: each on its own thread, the sentry looks at all their frames in turn.

import type {KvmContext} from './context.ts'

/** Looks at each frame between two looks at the clock. */
const ROUNDS = 128

/** The first that has something to tell, in the order of `contexts`; undefined: none, for some microseconds. */
export function firstToTrap(contexts: readonly KvmContext[], attention: Int32Array): KvmContext | undefined {
  for (let round = 0; round < ROUNDS; round++) {
    for (const context of contexts) if (context.cpu.hasNews) return context
    if (Atomics.load(attention, 0) !== 0) return undefined
  }
  return undefined
}
