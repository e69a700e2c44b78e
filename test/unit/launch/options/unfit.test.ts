// Options that mean nothing to a kind of guest.

import {expect, test} from 'vitest'
import type {UnfitKind} from '../../../../src/launch/options/row.ts'
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
  [{maxTasks: 5}, '`maxTasks`'],
  [{cpus: 1}, 'one CPU'],
  [{pledge: 'stdio'}, 'promises'],
  [{platform: 'ptrace'}, 'virtual machine'],
])('%j is refused', (options, named) => {
  expect(() => refuseUnfit({...plain, ...options}, 'bare')).toThrow(
    expect.objectContaining({code: 'BAD_ARGUMENT', message: expect.stringContaining(named)}),
  )
})

test.each<[UnfitKind, Partial<RunOptions>, string]>([
  ['kernel', {pledge: 'stdio'}, '`pledge` is for programs under the sentry, and `kernel` boots a machine'],
  ['kernel', {flat: {}}, '`flat` is for a bare machine, and `kernel` boots another'],
  ['kernel-program', {irqchip: true}, '`irqchip` is for a bare machine, and `kernel` boots another'],
  ['kernel', {modules: '/m'}, '`modules` is for a program that `kernel` runs'],
  ['kernel-program', {reboots: true}, '`reboots` has no meaning for a program with a kernel of its own'],
])('a %s refuses %j', (kind, options, message) => {
  expect(() => refuseUnfit({...plain, ...options}, kind)).toThrow(
    expect.objectContaining({code: 'BAD_ARGUMENT', message}),
  )
})
