// Programs stopped at any moment, in user mode, in the shim or with a pending fault: the processor serves the next one.

import {expect, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {Sentry} from '../../src/sentry/outside/sentry.ts'
import {seededRandom} from '../helpers/mutate.ts'
import {platforms} from '../helpers/platforms.ts'
import {runToEnd} from '../helpers/run-to-end.ts'

const SEED = 20_261_125
/** A fault that was pending when the program was stopped showed about once in a thousand. */
const RUNS = Number(process.env.HV_TEST_RUNS ?? (process.env.HV_LONG === '1' ? 4000 : 1500))
const MEMORY_BYTES = 2 ** 30
/** From before the first instruction to about the end, as shares of a run that is not stopped. */
const [EARLIEST, LATEST] = [0.3, 1.1]
const SHARES = 2 ** 20

for (const {name, isHere, open} of platforms) {
  test.skipIf(!isHere)(
    `a program that is stopped leaves nothing behind for the next one on ${name}`,
    async () => {
      using platform = open(MEMORY_BYTES)
      const sentry = new Sentry(platform, {root: guests, volumes: []})
      const program = {program: '/hello', args: [], env: {}, streams: []}
      const random = seededRandom(SEED)
      await runToEnd(sentry, program, {})
      let wholeMs = Number.POSITIVE_INFINITY
      let stopped = 0
      for (let run = 0; run < RUNS; run++) {
        const share = EARLIEST + ((LATEST - EARLIEST) * random(SHARES)) / SHARES
        const timeoutMs = Number.isFinite(wholeMs) ? wholeMs * share : undefined
        const startedMs = performance.now()
        if ((await runToEnd(sentry, program, {timeoutMs})).timedOut) stopped++
        // The last run to its end counts: runs become quicker while V8 optimizes, and slower when the machine is busy.
        else wholeMs = performance.now() - startedMs
      }
      expect(stopped).toBeGreaterThan(RUNS / 20)
      expect((await runToEnd(sentry, program, {})).exitCode).not.toBeNull()
      sentry.dispose()
    },
  )
}
