// The flags of `hv pledge`: one of its own, and those of `hv run` except for what it finds out itself.

import {OF_KERNELS, RUN_FLAGS, type RunFlag} from './run-flags.ts'

/** A bare-metal guest makes no system calls. */
const NOT_FOR_PLEDGE: ReadonlySet<string> = new Set(['pledge', 'machine', ...OF_KERNELS])

export const SUGGEST = 'suggest'

export const PLEDGE_FLAGS: readonly RunFlag[] = [
  {
    name: SUGGEST,
    kind: 'switch',
    summary: 'run PROGRAM and print the promises that it needed; its standard output goes to standard error',
  },
  ...RUN_FLAGS.filter(({name}) => !NOT_FOR_PLEDGE.has(name)),
]
