// Refuses options that do not apply to what a run runs.

import {HvError} from '../errors.ts'
import type {RunOptions} from './options.ts'

/**
 * @param names of options that do not apply
 * @param explain makes the message about the first one that is given
 * @throws HvError BAD_ARGUMENT
 */
export function refuseUnfit(
  options: RunOptions,
  names: readonly (keyof RunOptions)[],
  explain: (name: string) => string,
): void {
  const given = names.find((name) => isGiven(options[name]))
  if (given !== undefined) refuse(explain(`\`${given}\``), `leave \`${given}\` away`)
}

/** @throws HvError BAD_ARGUMENT */
export function refuse(message: string, nextStep: string): never {
  throw new HvError('BAD_ARGUMENT', message, nextStep)
}

const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0)
