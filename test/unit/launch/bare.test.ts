// The options of a run that do not apply to a bare-metal guest.

import {expect, test} from 'vitest'
import {requireBareOptions} from '../../../src/launch/bare.ts'
import type {RunOptions} from '../../../src/launch/options.ts'

const plain: RunOptions = {program: '/guest', args: [], volumes: [], env: {}, platform: 'auto'}

test('a plain run of a bare-metal guest is taken', () => {
  expect(() => requireBareOptions(plain)).not.toThrow()
  expect(() => requireBareOptions({...plain, core: 'core'})).not.toThrow()
})

test.each<[Partial<RunOptions>, string]>([
  [{root: '/'}, '`root`'],
  [{volumes: [{host: '/', guest: '/v', writable: false}]}, '`volumes`'],
  [{cwd: '/tmp'}, '`cwd`'],
  [{trace: {fd: 2, isOn: true}}, '`trace`'],
  [{maxTasks: 5}, '`maxTasks`'],
  [{cpus: 1}, 'one CPU'],
  [{pledge: 'stdio'}, 'promises'],
  [{platform: 'ptrace'}, 'virtual machine'],
])('%j is refused', (options, named) => {
  expect(() => requireBareOptions({...plain, ...options})).toThrow(
    expect.objectContaining({code: 'BAD_ARGUMENT', message: expect.stringContaining(named)}),
  )
})
