// Debian's real programs in the host's own tree: the same output and status under hv as natively.
// Without HV_PROGRAMS=all only the core of the list runs, as CI has no time for more.

import {afterAll, describe, expect, test} from 'vitest'
import {platforms} from '../guests/run.ts'
import {resultsOf} from './list/python.ts'
import {programs} from './list.ts'
import {cleanUp, type Ended, missing, runNatively, runUnderHv, timeoutMsOf} from './run.ts'

const runsAll = process.env.HV_PROGRAMS === 'all'
const wanted = programs.filter(({core}) => runsAll || core)

afterAll(() => cleanUp())

describe.each(wanted)('$command.0 $name', (program) => {
  const lacking = missing(program)
  // Run once, for both platforms.
  let native: Ended | undefined

  test.for(platforms)('on %s', {timeout: 2 * timeoutMsOf(program)}, (platform, {skip}) => {
    skip(lacking.length > 0, `needs ${lacking.join(', ')}`)
    native ??= runNatively(program)
    expect(runUnderHv(program, platform)).toEqual(native)
  })
})

test('each is named once, and a part of them is the core', () => {
  const names = programs.map(({command, name}) => `${command[0]} ${name}`)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  expect(programs.filter(({core}) => core).length).toBeGreaterThan(10)
})

test('the result of a Python test is found behind what it prints', () => {
  const [first, second] = ['test_a (test.test_x.A.test_a)', 'test_b (test.test_x.A.test_b)']
  const output = `${first} ... Executing <Task> took 0.120 seconds\nok\n${second}\nIts purpose ... FAIL\n`
  expect(resultsOf(output)).toBe(`${first} ok\n${second} FAIL`)
})
