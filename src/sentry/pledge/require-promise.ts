// requirePromise: a promise that neither a call's arguments nor its path show to be needed, but what a message carries.

import type {Task} from '../core/task.ts'
import {BrokenPromise} from './broken-promise.ts'
import type {PromiseName} from './promises.ts'

/** @throws BrokenPromise */
export function requirePromise({process}: Task, name: PromiseName): void {
  const {pledge, recorder} = process.restrictions
  recorder?.needs(name)
  if (pledge !== undefined && !pledge.promises.has(name)) throw new BrokenPromise([name])
}
