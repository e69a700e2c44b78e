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

test('a program that failed for the lack of a network is told so', () => {
  const {status, stderr} = hv(['run', '/bin/busybox', 'nc', '1.2.3.4', '80'])
  expect(status).toBe(1)
  expect(stderr).toMatch(
    /\nhv: the network was closed to it: --allow-net=1.2.3.4:80 opens what it asked for\n$/,
  )
})

test('a program that asked for a name in vain is told where names come from', () => {
  const {status, stderr} = hv(['run', '/bin/busybox', 'wget', 'http://example.com/'])
  expect(status).toBe(1)
  expect(stderr).toMatch(/\nhv: the program asked for a network that it does not have: see --allow-net\n$/)
})

test('a time-out of 0 is none', () => {
  expect(hv(['run', '--timeout', '0', '--cpu-timeout', '0', '/bin/busybox', 'sleep', '0.1']).status).toBe(0)
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
