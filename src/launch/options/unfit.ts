// Refuses options that mean nothing to a kind of guest.

import {badArgument} from '../../errors.ts'
import type {RunOptions} from '../options.ts'
import type {UnfitKind} from './row.ts'
import {rows} from './table.ts'

const EXPLANATIONS: Readonly<Record<UnfitKind, string>> = {
  bare: 'means nothing to a bare-metal guest: it has no files and no system calls',
  kernel: 'is for programs under the sentry, and `kernel` boots a machine',
  'kernel-program': 'has no meaning for a program with a kernel of its own',
}

/** @throws HvError BAD_ARGUMENT, about the first one that does not apply */
export function refuseUnfit(options: RunOptions, kind: UnfitKind): void {
  for (const [name, {unfit}] of Object.entries(rows)) {
    const reason = unfit?.[kind]
    const value: unknown = options[name as keyof RunOptions]
    if (reason === undefined || !isGiven(value)) continue
    if (reason === true) refuse(`\`${name}\` ${EXPLANATIONS[kind]}`, `leave \`${name}\` out`)
    if (reason.value === undefined || reason.value === value) refuse(reason.message, reason.nextStep)
  }
}

/** @throws HvError BAD_ARGUMENT */
export function refuse(message: string, nextStep: string): never {
  throw badArgument(message, nextStep)
}

const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0)
