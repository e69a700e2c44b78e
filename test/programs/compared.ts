// Debian's real programs in the host's own tree: the same output and status under hv as natively.
// Without HV_PROGRAMS=all only the core of the list runs, as CI has no time for more.

import {afterAll, describe, expect, test} from 'vitest'
import {platforms} from '../guests/run.ts'
import type {Program} from './program.ts'
import {cleanUp, type Ended, missing, runNatively, runUnderHv, timeoutMsOf} from './run.ts'

const runsAll = process.env.HV_PROGRAMS === 'all'

export function describeCompared(programs: readonly Program[]): void {
  afterAll(() => cleanUp())

  describe.each(programs.filter(({core}) => runsAll || core))('$command.0 $name', (program) => {
    const lacking = missing(program)
    // Run once, for both platforms.
    let native: Ended | undefined

    test.for(platforms)('on %s', {timeout: 2 * timeoutMsOf(program)}, (platform, {skip}) => {
      skip(lacking.length > 0, `needs ${lacking.join(', ')}`)
      native ??= runNatively(program)
      expect(runUnderHv(program, platform)).toEqual(native)
    })
  })
}
