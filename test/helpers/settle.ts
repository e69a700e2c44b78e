// settle: waits until everything that needs only turns of the event loop has happened, however busy the machine is.

import {setImmediate as nextTurn} from 'node:timers/promises'

const TURNS = 300

/** @param value the result, for a race */
export async function settle<T>(value?: T): Promise<T | undefined> {
  for (let i = 0; i < TURNS; i++) await nextTurn()
  return value
}
