// settle: waits until what follows from turns of the event loop alone has happened, however busy the machine is.

import {setImmediate as nextTurn} from 'node:timers/promises'

const TURNS = 300

/** @param value is what it gives: for a race */
export async function settle<T>(value?: T): Promise<T | undefined> {
  for (let i = 0; i < TURNS; i++) await nextTurn()
  return value
}
