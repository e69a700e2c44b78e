// A call in which something grows too large ends the program, but neither hv nor the sandbox.

import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import type {Platform} from '../../src/platform/platform.ts'
import {type ProgramOptions, Sentry} from '../../src/sentry/outside/sentry.ts'
import {platforms} from '../helpers/platforms.ts'
import {runToEnd} from '../helpers/run-to-end.ts'

for (const {name, isHere, open} of platforms) {
  describe.skipIf(!isHere)(`a call that outgrows V8 on ${name}`, () => {
    let platform: Platform
    let sentry: Sentry

    beforeEach(() => {
      platform = open(2 ** 26)
      sentry = new Sentry(platform, {root: guests, volumes: []})
    })

    afterEach(() => {
      sentry.dispose()
      platform[Symbol.dispose]()
    })

    /** hello, whose write(2) is `write`. */
    function helloWith(write?: () => number): ProgramOptions {
      return {
        program: '/hello',

        args: [],
        env: {},
        streams: [],
        restrict: ({process}) => {
          if (write === undefined) return
          process.syscalls = process.syscalls.change((row, run) => (row.name === 'write' ? write : run))
        },
      }
    }

    test('kills the program, says why, and leaves the sentry to the next one', async () => {
      const {signal, outOfMemory, outgrown} = await runToEnd(
        sentry,
        helloWith(() => 'x'.repeat(2 ** 30).length),
        {},
      )
      expect({signal, outOfMemory, outgrown}).toEqual({
        signal: 9,
        outOfMemory: true,
        outgrown: 'Invalid string length',
      })
      expect((await runToEnd(sentry, helloWith(), {})).signal).toBeNull()
    })

    test('is told from a bug', async () => {
      const bug = helloWith(() => {
        throw new RangeError('page range 1+2')
      })
      await expect(runToEnd(sentry, bug, {})).rejects.toThrow('page range')
    })
  })
}
