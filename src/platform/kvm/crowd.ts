// Polling several contexts at a time: each is on its own thread, and the sentry looks at all their frames in turn.

import type {KvmContext} from './context.ts'

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
