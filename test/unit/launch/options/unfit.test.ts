// The options of a run that do not apply to a bare-metal guest.

import {expect, test} from 'vitest'
import {refuseUnfit} from '../../../../src/launch/options/unfit.ts'
import type {RunOptions} from '../../../../src/launch/options.ts'

const plain: RunOptions = {program: '/guest', args: [], volumes: [], env: {}, platform: 'auto'}

test('a plain run of a bare-metal guest is taken', () => {
  expect(() => refuseUnfit(plain, 'bare')).not.toThrow()
  expect(() => refuseUnfit({...plain, core: 'core'}, 'bare')).not.toThrow()
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
  expect(() => refuseUnfit({...plain, ...options}, 'bare')).toThrow(
    expect.objectContaining({code: 'BAD_ARGUMENT', message: expect.stringContaining(named)}),
  )
})
