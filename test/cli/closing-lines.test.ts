// What hv run says at the end of a program that failed.

import {expect, test} from 'vitest'
import {guest} from '../sandbox/guests.ts'
import {hv} from './hv.ts'

/** The same on every architecture. */
const IO_URING_SETUP = 425

test('a fault is named, a signal that was sent is not, where nobody sits before it', () => {
  const fault = hv(['run', guest('die-segv')])
  expect(fault).toMatchObject({
    status: 139,
    stderr: `hv: ${guest('die-segv')}: Segmentation fault\n`,
  })
  expect(hv(['run', guest('die-term')]).stderr).toBe('')
})

test('--stats lists the calls that were refused', () => {
  const {stderr} = hv([
    'run',
    '--stats',
    '--root',
    '/',
    '/usr/bin/perl',
    '-e',
    `syscall(${IO_URING_SETUP}, 0, 0)`,
  ])
  expect(stderr).toMatch(/^refused io_uring_setup +1$/m)
})
