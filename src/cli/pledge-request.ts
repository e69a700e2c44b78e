// Turns the words of `hv pledge` into RunOptions.

import {HvError} from '../errors.ts'
import type {RunOptions} from '../launch/options.ts'
import {PLEDGE_FLAGS, SUGGEST} from './pledge-flags.ts'
import {type RunArgv, readArgv} from './read-run-argv.ts'
import {toRunOptions} from './run-request.ts'

/** @returns null when help is asked for before PROGRAM. @throws HvError BAD_ARGUMENT */
export function readPledgeArgv(argv: readonly string[]): RunArgv | null {
  return readArgv(argv, {name: 'pledge', flags: PLEDGE_FLAGS})
}

/** @throws HvError BAD_ARGUMENT, NOT_FOUND */
export function toPledgeOptions({flags, program, args}: RunArgv, caller: NodeJS.ProcessEnv): RunOptions {
  if (!flags.some(([name]) => name === SUGGEST)) {
    throw new HvError(
      'BAD_ARGUMENT',
      'hv pledge was not told what to do',
      'give --suggest; `hv run --pledge PROMISES` holds a program to its promises',
    )
  }
  const others = flags.filter(([name]) => name !== SUGGEST)
  return {...toRunOptions({flags: others, program, args}, caller), machine: 'linux', suggestsPromises: true}
}
