// The sentry gives back what programs made it hold: a sandbox that runs them one after another does not fill up.

import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {Sentry} from '../../src/sentry/outside/sentry.ts'
import {platforms} from '../helpers/platforms.ts'
import {runToEnd} from '../helpers/run-to-end.ts'

const TIMEOUT_MS = 120_000

for (const {name, isHere, open} of platforms) {
  test.skipIf(!isHere || !existsSync(join(guests, 'hostile-bombs')))(
    `bombs leave the budget as it was on ${name}`,
    {timeout: TIMEOUT_MS},
    async () => {
      using platform = open(2 ** 26)
      const sentry = new Sentry(platform, {root: guests, volumes: []})
      const program = {program: '/hostile-bombs', args: [], env: {}, streams: []}
      // The first run leaves something for good: the directories that were written to.
      expect((await runToEnd(sentry, program, {})).exitCode).toBe(0)
      const before = sentry.kernel.budget.used
      expect((await runToEnd(sentry, program, {})).exitCode).toBe(0)
      expect(sentry.kernel.budget.used).toBe(before)
      sentry.dispose()
    },
  )
}
